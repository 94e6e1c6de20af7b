"""`concierge identity history`: whose a shared cookie was on which day, and what was believed when."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import Result

from intake.hashing import identifier_key
from intake.project import Project
from ml.identity import canonical_id
from tests.orchestration.cli.ledger import Seen, hashes_of, publish_ledger

Concierge = Callable[..., Result]
PEOPLE = {
    "ada": ("login", "ada"),
    "bob": ("login", "bob"),
    "mail": ("email", "ada@shop.test"),
    "ck": ("cookie", "ck-1"),
}
SEEN = [Seen("ada", "ck", "2026-01-05"), Seen("bob", "ck", "2026-01-10"), Seen("ada", "mail", "2026-01-12")]
CLAIMS = [("ck", "ada", "2026-01-05"), ("ck", "bob", "2026-01-10")]


@pytest.fixture
def people(project: Project) -> dict[str, str]:
    publish_ledger(project, PEOPLE, SEEN, CLAIMS)
    return {name: canonical_id(identifier_key(value)) for name, value in hashes_of(project, PEOPLE).items()}


@pytest.mark.parametrize(
    ("on", "believed", "owner"),
    [
        ("2026-01-06", "2026-01-31", "ada"),
        ("2026-01-20", "2026-01-31", "bob"),
        ("2026-01-20", "2026-01-08", "ada"),
        ("2026-01-06", "2026-01-08", "ada"),
    ],
)
def test_a_shared_cookie_belongs_to_the_last_login_so_far(
    concierge: Concierge, project: Project, people: dict[str, str], on: str, believed: str, owner: str
) -> None:
    shown = concierge("identity", "history", "cookie:ck-1", "--on", on, "--believed", believed)
    assert shown.exit_code == 0
    logins = {name: {people[name]} for name in ("ada", "bob")}
    logins["ada"].add(people["ck"])
    logins["ada"].add(people["mail"])
    assert shown.stdout.splitlines()[0].partition("UTC: ")[2].split()[0] in logins[owner]


def test_the_merges_that_touched_it_are_listed(concierge: Concierge, people: dict[str, str]) -> None:
    shown = concierge("identity", "history", "email:ada@shop.test").stdout
    (merge,) = (line for line in shown.splitlines() if line.startswith("2026-01-12") and " merge " in line)
    assert "resolver" in merge
    assert "same_event" in merge
    assert {people["ada"], people["mail"]} <= set(merge.split())


@pytest.mark.usefixtures("people")
def test_before_anything_was_known_it_was_nobody(concierge: Concierge) -> None:
    result = concierge("identity", "history", "login:bob", "--believed", "2025-12-01")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].endswith("UTC: nobody")
    assert "belonged to nobody at that moment" in result.stderr


@pytest.mark.usefixtures("people")
def test_a_moment_that_is_none_is_wrong_use(concierge: Concierge) -> None:
    assert concierge("identity", "history", "login:bob", "--on", "yesterday").exit_code == 2
