"""`concierge consent`: a word by hand lands in the lake, holds at the door, and is told with its reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from intake.contract import SourceContract
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from intake.regime import ConsentRules
from orchestration.consent_view import effective

Concierge = Callable[..., Result]
CLICKS = SourceContract.model_validate(
    {
        "name": "clicks", "kind": "web", "format": "jsonl", "event_type": "page_viewed", "event_id": "id",
        "columns": {"occurred_at": "at"}, "identifiers": [{"type": "email", "column": "mail"}], "consent": "analytics",
    }
)  # fmt: skip


def test_a_word_by_hand_is_in_the_lake_and_holds_at_the_door(
    project: Project, concierge: Concierge, tmp_path: Path
) -> None:
    said = concierge(
        "consent", "set", "email", "Ada@shop.test", "analytics", "refused", "--reason", "call", "--actor", "eve"
    )
    assert said.exit_code == 0, said.output
    assert "Ada" not in said.output
    (change,) = OpsStore(project.paths).consent_changes("analytics")
    assert (change.granted, change.identifier_type, change.note) == (False, "email", "eve: call")
    (file,) = OpsStore(project.paths).visible_files()
    assert (file.source, file.rows) == ("consent_statements", 1)
    click = {"id": "1", "at": project.clock.now().isoformat(), "mail": "ada@shop.test"}
    clicks = tmp_path / "clicks.jsonl"
    clicks.write_text(json.dumps(click) + "\n", encoding="utf-8")
    assert ingest(project, CLICKS, [clicks]).files[0].suppressed == 1

    shown = concierge("consent", "show", "email", "ada@shop.test")
    assert shown.exit_code == 0, shown.output
    assert "refused by email" in shown.output
    assert "consent_statements" in shown.output
    assert "the regime there is opt_in" in shown.output
    assert "it needs analytics, which is not allowed" in shown.output
    reported = concierge("consent", "report")
    assert "clicks" in reported.output
    assert "refused" in reported.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("set", "email", "a@b.test", "fun", "granted", "--reason", "x"), "PURPOSE 'fun' is none of: analytics,"),
        (("set", "email", "a@b.test", "analytics", "maybe", "--reason", "x"), "maybe"),
        (("set", "ip", "1.2.3.4", "analytics", "granted", "--reason", "x"), "TYPE 'ip' names nobody; one of: login"),
        (("set", "email", "a@b.test", "analytics", "granted", "--reason", " "), "--reason: say why"),
        (("set", "email", "a@b.test", "analytics", "granted"), "reason"),
        (("show", "shoe", "42"), "TYPE 'shoe' names nobody"),
    ],
)
def test_wrong_use_is_told(project: Project, concierge: Concierge, words: tuple[str, ...], message: str) -> None:
    said = concierge("consent", *words)
    assert said.exit_code == 2
    assert message in " ".join(said.output.replace("│", " ").split())


def test_silence_follows_the_place() -> None:
    rules = ConsentRules.model_validate({"default": "opt_out", "regions": {"DE": "opt_in"}})
    assert {found.allowed for found in effective([], rules, "DE", None)} == {False}
    assert {found.allowed for found in effective([], rules, "FR", None)} == {True}
