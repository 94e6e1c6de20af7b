"""`concierge explain`, on a ledger resolved from evidence and published."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import Result

from intake.project import Project
from tests.orchestration.cli.ledger import Seen, hashes_of, publish_ledger

Concierge = Callable[..., Result]

# ada: loyalty card, e-mail, a cookie; bob: loyalty card and the cookie he shares with ada.
PEOPLE = {
    "ada card": ("loyalty_id", "4711"),
    "ada mail": ("email", "ada@shop.test"),
    "bob card": ("loyalty_id", "4712"),
    "cookie": ("cookie", "ck-1"),
    "stranger": ("cookie", "ck-2"),
    "old mail": ("email", "ada@old.test"),
}
SEEN = [
    Seen("ada card", "ada mail", "2026-01-03", 4),
    Seen("ada card", "cookie", "2026-01-05", 2),
    Seen("bob card", "cookie", "2026-01-09", 1),
    Seen("ada mail", "old mail", "2026-01-11", 1, "matching", 0.93),
]


@pytest.fixture
def hashes(project: Project) -> dict[str, str]:
    return hashes_of(project, PEOPLE)


@pytest.fixture
def _published(project: Project) -> None:
    publish_ledger(project, PEOPLE, SEEN)


@pytest.mark.usefixtures("_published")
def test_the_ties_of_a_person_are_shown_masked(concierge: Concierge, hashes: dict[str, str]) -> None:
    shown = concierge("explain", "email", " ADA@shop.test ").stdout
    ties = [line for line in shown.splitlines() if "same_event" in line]
    assert len(ties) == 2
    assert f"loyalty_id {hashes['ada card'][:8]}" in ties[0]
    assert f"email {hashes['ada mail'][:8]}" in ties[0]
    for part in ("till", "2026-01-03", "2026-01-31", "4", "active"):
        assert part in ties[0].split()
    assert "published version v1" in shown
    assert "ada@shop.test" not in shown.lower()
    assert not any(value in shown for value in hashes.values())


@pytest.mark.usefixtures("_published")
def test_every_identifier_of_a_person_gives_the_same_answer(concierge: Concierge) -> None:
    assert concierge("explain", "loyalty_id", "4711").stdout == concierge("explain", "email", "ada@shop.test").stdout
    ada, bob = (concierge("explain", "loyalty_id", card).stdout.split(":")[0] for card in ("4711", "4712"))
    assert ada != bob


@pytest.mark.usefixtures("_published")
def test_a_refused_tie_is_listed_after_the_accepted_ones(concierge: Concierge) -> None:
    ties = [line for line in concierge("explain", "loyalty_id", "4711").stdout.splitlines() if "same_event" in line]
    assert [line.split()[-1] == "active" for line in ties] == [True, False]


@pytest.mark.usefixtures("_published")
def test_a_probable_identifier_and_the_reason_of_a_refusal_are_told(
    concierge: Concierge, hashes: dict[str, str]
) -> None:
    lines = concierge("explain", "loyalty_id", "4711").stdout.splitlines()
    tiers = {line.split()[1]: line.split()[2] for line in lines if "active" in line and "certain" in line}
    probable = [line for line in lines if " probable " in line]
    assert f"{hashes['ada mail'][:8]}…" in tiers
    assert [line.split()[1] for line in probable] == [f"{hashes['old mail'][:8]}…"]
    (refused,) = (line for line in lines if "same_event" in line and "active" not in line)
    assert refused.split()[-2:] == ["quarantined,", "shared"]


@pytest.mark.usefixtures("_published")
def test_a_long_list_is_cut_and_says_so(concierge: Concierge) -> None:
    shown = concierge("explain", "loyalty_id", "4711", "--limit", "1").stdout
    assert shown.count("same_event") == 1
    assert "and 2 more; --limit shows them" in shown


@pytest.mark.usefixtures("_published")
def test_somebody_tied_to_nothing_is_a_person_of_one(concierge: Concierge) -> None:
    shown = concierge("explain", "cookie", "ck-2").stdout
    assert "1 cookie" in shown
    assert "ties: (none)" in shown


@pytest.mark.usefixtures("_published")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("email", "eve@shop.test"), "never seen in published version v1"),
        (("email", "no address"), "not of this type"),
        (("loyalty_id", "null"), "is a placeholder"),
    ],
)
def test_who_is_not_known_is_one_line_without_the_value(
    concierge: Concierge, words: tuple[str, str], said: str
) -> None:
    result = concierge("explain", *words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert words[1] not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_before_the_first_run_it_says_what_to_do(concierge: Concierge) -> None:
    result = concierge("explain", "email", "ada@shop.test")
    assert result.exit_code == 1
    assert "nothing is published yet; run: concierge run" in result.stderr
