"""`concierge decide`, on a snapshot with a segment table, a rule and a pause."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import Result

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.project import Project
from orchestration.cli.decide_command import pair, read_context
from serving.placement import Action, Placement
from serving.policy import Policy, Rule
from serving.snapshot import pointer
from serving.snapshot.records import DecisionRow, IdentifierRow, ProfileRecord, SnapshotContents, schema_hash
from serving.snapshot.writer import write_snapshot

Concierge = Callable[..., Result]
AT = datetime(2026, 3, 1, tzinfo=UTC)

HERO = Placement(
    name="home_hero",
    version=1,
    description="A picture.",
    owner="team",
    decision_right="content",
    channels=["web"],
    strategy="decision_table",
    plain="plain",
    fallback="plain",
    actions=[Action(name=name, type="banner", content={"picture": f"{name}.jpg"}) for name in ("plain", "tea", "wine")],
)
NO_WINE_ON_MOBILE = Policy(
    name="rules",
    version=1,
    description="One rule.",
    owner="team",
    rules=[
        Rule(
            name="no_wine",
            effect="block",
            when="device_type == 'mobile'",
            reason="No wine on phones.",
            actions=["wine"],
        )
    ],
)


@pytest.fixture
def _served(project: Project) -> None:
    ada = str(hash_identifier(identifier_key_bytes(project.paths), "email", "ada@shop.test"))
    contents = SnapshotContents(
        identifiers=[IdentifierRow("email", ada, "c1")],
        profiles=[ProfileRecord("c1", segment_id=2, consent_personalization=True)],
        decision_rows=[
            DecisionRow("home_hero", 2, "any", "wine", 0.9, "margin", 500),
            DecisionRow("home_hero", 2, "any", "tea", 0.5, "margin", 500),
        ],
        products=[],
        popular={},
        together={},
        placements=[HERO],
        policies=[NO_WINE_ON_MOBILE],
    )
    write_snapshot(project.paths.snapshots, contents, version="v1", as_of=AT, created_at=AT)
    pointer.switch(project.paths.snapshots, "v1")


def _answer(concierge: Concierge, *words: str) -> dict[str, object]:
    result = concierge("decide", "home_hero", "--json", *words)
    assert result.exit_code == 0, result.stderr
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


@pytest.mark.usefixtures("_served")
def test_the_same_person_in_another_context_gets_another_answer(concierge: Concierge) -> None:
    ada = ("--as", "email=ADA@shop.test")
    assert _answer(concierge, *ada, "--context", "device_type=desktop")["action"] == "wine"
    mobile = _answer(concierge, *ada, "--context", "device_type=mobile")
    assert (mobile["action"], mobile["segment_id"], mobile["snapshot_version"]) == ("tea", 2, "v1")
    assert mobile["blocked"] == [{"action": "wine", "why": "No wine on phones.", "rule": "no_wine"}]


@pytest.mark.usefixtures("_served")
def test_the_readable_answer_names_reason_and_blocked_alternative(concierge: Concierge) -> None:
    shown = concierge("decide", "home_hero", "--as", "email=ada@shop.test", "--context", "device_type=mobile").stdout
    assert shown.startswith("home_hero: tea\n  because   ")
    assert "blocked   wine: No wine on phones." in shown
    assert "tea.jpg" in shown
    assert "ada@shop.test" not in shown


@pytest.mark.usefixtures("_served")
def test_a_stranger_and_a_pause_get_no_choice_of_a_segment(concierge: Concierge) -> None:
    assert _answer(concierge)["segment_id"] is None
    concierge("pause", "all")
    paused = _answer(concierge, "--as", "email=ada@shop.test")
    assert (paused["action"], paused["rung"]) == ("plain", "paused")


@pytest.mark.usefixtures("_served")
def test_an_unknown_placement_is_one_line(concierge: Concierge) -> None:
    result = concierge("decide", "footer")
    assert (result.exit_code, result.stderr) == (1, "error: 'footer' is not a placement; allowed: home_hero\n")


def test_without_a_snapshot_it_says_what_to_do(concierge: Concierge) -> None:
    result = concierge("decide", "home_hero")
    assert result.exit_code == 1
    assert "make one with: concierge run" in result.stderr


@pytest.mark.usefixtures("_served")
def test_a_version_of_another_program_is_told_as_one(concierge: Concierge, project: Project) -> None:
    manifest = project.paths.snapshots / "v1" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(schema_hash(), "0" * 16))
    result = concierge("decide", "home_hero", "--as", "email=ada@shop.test")
    assert result.exit_code == 1
    assert "this reader needs" in result.stderr
    assert "is made by: concierge run" in result.stderr


@pytest.mark.parametrize(
    "words",
    [("--as", "ada"), ("--as", "=x"), ("--as", "loyaltyid=1"), ("--context", "hour=25"), ("--context", "moon=full")],
)
def test_wrong_words_are_wrong_use(concierge: Concierge, words: tuple[str, str]) -> None:
    assert concierge("decide", "home_hero", *words).exit_code == 2


def test_context_values_become_what_the_field_is() -> None:
    context = read_context([("hour", "21"), ("cart_value", "12.5"), ("product_ids", "a,b"), ("product_id", "7")])
    assert (context.hour, context.cart_value, context.products()) == (21, 12.5, ["7", "a", "b"])
    assert read_context([pair("filters=size=m,colour=red", "--context")]).filters == ["size=m", "colour=red"]
    with pytest.raises(typer.BadParameter, match="fields: device_type, page_type"):
        read_context([("hour", "noon")])


def test_a_value_may_contain_an_equals_sign() -> None:
    assert pair("cookie=a=b", "--as") == ("cookie", "a=b")
