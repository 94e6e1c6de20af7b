"""`concierge identity link`, `unlink`, `override`: an analyst's word, kept and never contradictory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import Result

from intake.ops_store import OpsStore
from intake.project import Project
from tests.orchestration.cli.ledger import Seen, hashes_of, publish_ledger

Concierge = Callable[..., Result]
PEOPLE = {name: ("loyalty_id", str(number)) for number, name in enumerate(("ada", "bob", "cleo"), start=4711)}
PEOPLE["cookie"] = ("cookie", "ck-1")
ADA, BOB, CLEO = (f"loyalty_id:{number}" for number in (4711, 4712, 4713))


@pytest.fixture
def hashes(project: Project) -> dict[str, str]:
    publish_ledger(project, PEOPLE, [Seen("ada", "cookie", "2026-01-03")])
    return hashes_of(project, PEOPLE)


def test_a_link_is_kept_with_who_and_why(concierge: Concierge, project: Project, hashes: dict[str, str]) -> None:
    said = concierge("identity", "link", ADA, BOB, "--reason", "one household card", "--by", "ann")
    assert said.exit_code == 0
    assert "takes effect with the next run" in said.stdout
    (kept,) = OpsStore(project.paths).overrides()
    assert (kept.kind, kept.actor, kept.reason) == ("must_link", "ann", "one household card")
    assert set(kept.pair) == {int(hashes[name][:15], 16) for name in ("ada", "bob")}
    listed = concierge("identity", "override", "list").stdout
    for part in (f"{hashes['ada'][:8]}…", f"{hashes['bob'][:8]}…", "ann", "waits for a run", "one household card"):
        assert part in listed


def test_after_the_next_run_it_is_in_force(concierge: Concierge, project: Project, hashes: dict[str, str]) -> None:
    concierge("identity", "unlink", ADA, "cookie:ck-1", "--reason", "library computer")
    publish_ledger(project, PEOPLE, [Seen("ada", "cookie", "2026-01-03")])
    assert "in force" in concierge("identity", "override", "list").stdout


@pytest.mark.usefixtures("hashes")
def test_the_same_again_says_that_it_stands(concierge: Concierge) -> None:
    concierge("identity", "link", ADA, BOB, "--reason", "first", "--by", "ann")
    again = concierge("identity", "link", BOB, ADA, "--reason", "second", "--by", "bea")
    assert again.exit_code == 0
    assert again.stdout.startswith("nothing to do: link of")
    assert "(ann, " in again.stdout
    assert "first) stands already" in again.stdout


def test_a_contradiction_is_refused_naming_the_links_of_the_path(concierge: Concierge, hashes: dict[str, str]) -> None:
    concierge("identity", "link", ADA, BOB, "--reason", "one card", "--by", "ann")
    concierge("identity", "link", BOB, CLEO, "--reason", "same passport", "--by", "bea")
    refused = concierge("identity", "unlink", ADA, CLEO, "--reason", "two birthdays", "--by", "cy")
    assert refused.exit_code == 1
    for part in ("one card", "same passport", "two birthdays", "(ann, ", "(bea, ", "(cy, ", " UTC: "):
        assert part in refused.stderr
    assert all(f"{hashes[name][:8]}…" in refused.stderr for name in ("ada", "bob", "cleo"))
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.usefixtures("hashes")
def test_a_link_to_who_is_kept_apart_is_refused(concierge: Concierge, project: Project) -> None:
    concierge("identity", "unlink", ADA, CLEO, "--reason", "two birthdays")
    concierge("identity", "link", ADA, BOB, "--reason", "one card")
    refused = concierge("identity", "link", BOB, CLEO, "--reason", "guess")
    assert refused.exit_code == 1
    assert "two birthdays" in refused.stderr
    assert len(OpsStore(project.paths).overrides()) == 2


@pytest.mark.usefixtures("hashes")
def test_a_removed_override_makes_room(concierge: Concierge) -> None:
    concierge("identity", "unlink", ADA, BOB, "--reason", "mistake", "--by", "ann")
    assert "removed: unlink of" in concierge("identity", "override", "remove", BOB, ADA).stdout
    assert concierge("identity", "override", "list").stdout == "no overrides\n"
    taken_back = concierge("identity", "override", "list", "--removed").stdout
    assert "mistake" in taken_back
    assert "ann" in taken_back
    assert concierge("identity", "link", ADA, BOB, "--reason", "one card").exit_code == 0
    missing = concierge("identity", "override", "remove", ADA, CLEO)
    assert missing.exit_code == 1
    assert "no override stands for the two" in missing.stderr


@pytest.mark.usefixtures("hashes")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((ADA, ADA, "--reason", "why"), 1, "the same identifier"),
        ((ADA, "loyalty_id:9999", "--reason", "why"), 1, "never seen"),
        ((ADA, BOB, "--reason", " "), 2, "say why"),
        ((ADA, BOB), 2, "--reason"),
    ],
)
def test_what_cannot_be_said_is_refused(
    concierge: Concierge, project: Project, words: tuple[str, ...], code: int, said: str
) -> None:
    result = concierge("identity", "link", *words)
    assert result.exit_code == code
    assert said in result.stderr
    assert OpsStore(project.paths).overrides() == []
