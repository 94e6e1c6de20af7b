"""`concierge identity path`: what leads from one identifier to another, and what stands in between."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import Result

from intake.hashing import identifier_key
from intake.project import Project
from ml.identity import canonical_id
from tests.orchestration.cli.ledger import Seen, hashes_of, publish_ledger

Concierge = Callable[..., Result]

# ada by card, mail and login; her old mail by matching; bob has a card of his own, seen with ada's login once.
PEOPLE = {
    "card": ("loyalty_id", "4711"),
    "mail": ("email", "ada@shop.test"),
    "login": ("login", "ada"),
    "old mail": ("email", "ada@old.test"),
    "bob": ("loyalty_id", "4712"),
    "zoe": ("loyalty_id", "4713"),
}
SEEN = [
    Seen("card", "mail", "2026-01-03", 4),
    Seen("mail", "login", "2026-01-04", 2, "web"),
    Seen("mail", "old mail", "2026-01-05", 1, "matching", 0.93),
    Seen("login", "bob", "2026-01-06", 3, "web"),
]


@pytest.fixture
def hashes(project: Project) -> dict[str, str]:
    publish_ledger(project, PEOPLE, SEEN)
    return hashes_of(project, PEOPLE)


def test_each_step_of_the_path_has_a_line_in_walking_order(concierge: Concierge, hashes: dict[str, str]) -> None:
    shown = concierge("identity", "path", "login:ada", "email:ADA@old.test").stdout.splitlines()
    first, second = (line.split() for line in shown[1:3])
    assert first[:4] == ["login", f"{hashes['login'][:8]}…", "email", f"{hashes['mail'][:8]}…"]
    assert first[4:] == ["same_event", "deterministic", "1.000", "web", "2026-01-04", "2026-01-31", "2"]
    assert second[:4] == ["email", f"{hashes['mail'][:8]}…", "email", f"{hashes['old mail'][:8]}…"]
    assert second[4:8] == ["splink", "probabilistic", "0.930", "matching"]
    assert shown[3] == "2 steps; published version v1"


def test_the_way_back_is_the_same_way(concierge: Concierge, hashes: dict[str, str]) -> None:
    forth = concierge("identity", "path", "loyalty_id:4711", "login:ada").stdout.splitlines()
    back = concierge("identity", "path", "login:ada", "loyalty_id:4711").stdout.splitlines()
    assert [line.split()[4:] for line in forth[1:3]] == [line.split()[4:] for line in back[2:0:-1]]


def test_a_customer_id_stands_for_its_oldest_identifier(concierge: Concierge, hashes: dict[str, str]) -> None:
    card = canonical_id(identifier_key(hashes["card"]))
    by_id = concierge("identity", "path", card, "login:ada").stdout
    assert by_id == concierge("identity", "path", "loyalty_id:4711", "login:ada").stdout


def test_a_refused_link_in_between_is_named_with_its_state_and_reason(
    concierge: Concierge, hashes: dict[str, str]
) -> None:
    result = concierge("identity", "path", "loyalty_id:4711", "loyalty_id:4712")
    assert result.exit_code == 1
    assert "are not connected: the link login" in result.stderr
    said = result.stderr.rpartition("(same_event, web) is ")[2].strip()
    assert said.partition(",")[0] in {"rejected", "quarantined"}
    assert said.partition(", ")[2]


def test_without_any_evidence_it_says_so(concierge: Concierge, hashes: dict[str, str]) -> None:
    result = concierge("identity", "path", "loyalty_id:4711", "loyalty_id:4713")
    assert result.exit_code == 1
    assert "no evidence leads from one to the other" in result.stderr


@pytest.mark.usefixtures("hashes")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("email:eve@shop.test", "login:ada"), 1, "never seen in published version v1"),
        (("login:ada", "email:none"), 1, "is a placeholder or not of this type"),
        (("login", "login:ada"), 2, "write TYPE:VALUE or a customer id"),
        (("shoe_size:44", "login:ada"), 2, "types: login, loyalty_id"),
    ],
)
def test_what_names_nobody_is_refused_without_the_value(
    concierge: Concierge, words: tuple[str, str], code: int, said: str
) -> None:
    result = concierge("identity", "path", *words)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert "eve@" not in result.stderr


@pytest.mark.usefixtures("hashes")
def test_an_analyst_s_link_is_a_step_and_an_unlink_the_reason_of_a_cut(concierge: Concierge, project: Project) -> None:
    ends = ("loyalty_id:4711", "loyalty_id:4713")
    concierge("identity", "link", *ends, "--reason", "card replaced", "--by", "ann")
    publish_ledger(project, PEOPLE, SEEN)
    step = concierge("identity", "path", *ends).stdout.splitlines()[1].split()
    assert step[5] == "manual"
    concierge("identity", "override", "remove", *ends)
    concierge("identity", "unlink", "loyalty_id:4711", "email:ada@old.test", "--reason", "her daughter")
    publish_ledger(project, PEOPLE, SEEN)
    cut = concierge("identity", "path", "loyalty_id:4711", "email:ada@old.test")
    assert cut.exit_code == 1
    assert "(splink, matching) is rejected, cannot_link" in cut.stderr


@pytest.mark.usefixtures("hashes")
def test_an_identifier_is_at_itself(concierge: Concierge) -> None:
    assert "the same identifier" in concierge("identity", "path", "login:ada", "login: ada").stdout


@pytest.mark.usefixtures("hashes")
def test_nothing_is_shown_in_clear(concierge: Concierge) -> None:
    shown = concierge("identity", "path", "login:ada", "email:ada@old.test").stdout
    assert "old.test" not in shown
    assert not any(value in shown for kind, value in PEOPLE.values() if kind == "loyalty_id")
