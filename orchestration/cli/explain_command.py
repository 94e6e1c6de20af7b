"""`concierge explain`: which identifiers belong to a person, and what ties them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.naming import hashed, mask
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.project import Project
    from orchestration.cli.published import Published

IDENTIFIER_COLUMNS = ("identifier", "tier", "status", "first", "last")
COLUMNS = ("identifier", "tied to", "rule", "source", "first", "last", "times", "state")

PERSON = """
select a.canonical_id
from identity.identity_assignment a join identity.identifier i using (identifier_key)
where i.type = ? and i.value_hash = ? and a.system_to > timestamp '9999-01-01'
order by a.valid_to desc limit 1
"""

IDENTIFIERS = """
select i.identifier_key, i.type, i.value_hash, i.first_seen_at, i.last_seen_at, i.status, a.tier
from identity.identity_assignment a join identity.identifier i using (identifier_key)
where a.canonical_id = ? and a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01'
order by i.first_seen_at, i.type, i.value_hash
"""

# Accepted ties first, then what was refused: an analyst asks for either.
EVIDENCE = """
with member as (
    select identifier_key from identity.identity_assignment
    where canonical_id = ? and system_to > timestamp '9999-01-01' and valid_to > timestamp '9999-01-01'
)
select e.*, a.type as a_type, a.value_hash as a_hash, b.type as b_type, b.value_hash as b_hash
from identity.identity_edge e
join identity.identifier a on a.identifier_key = e.a_key
join identity.identifier b on b.identifier_key = e.b_key
where e.a_key in (select identifier_key from member) or e.b_key in (select identifier_key from member)
order by case when e.state = 'active' then 0 else 1 end, e.first_seen_at, e.edge_key
"""

KNOWN = "select status, reason from identity.identifier where type = ? and value_hash = ?"


@dataclass(frozen=True)
class Person:
    """A customer with the rows of its identifiers and of the evidence around them."""

    customer_id: str
    identifiers: list[dict[str, Any]]
    evidence: list[dict[str, Any]]

    @property
    def counts(self) -> str:
        """Identifiers by type, e.g. `1 loyalty_id, 2 email`."""
        types = Counter(row["type"] for row in self.identifiers)
        return ", ".join(f"{number} {kind}" for kind, number in types.items())


def explain(
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="login, loyalty_id, email, phone, device_id, cookie …")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The identifier in clear; it is hashed at once.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Longest list of ties to print.")] = 40,
) -> None:
    """Show the identifiers tied to a person, with the rule, the source and the dates of each tie.

    Reads the published tables only, so it never disturbs a run. Identifiers are shown as the first characters of
    their keyed hash, `probable` where only matching ties them to the person. Ties that were refused are listed with
    their state and the reason.
    """
    from orchestration.cli.console import say, show_table
    from orchestration.cli.published import Published

    project = open_project()
    published = Published.current(project.paths)
    person = find_person(project, published, kind, value)
    say(f"{person.customer_id}: {person.counts}")
    show_table(IDENTIFIER_COLUMNS, [identifier_row(row) for row in person.identifiers[:limit]], title="identifiers")
    show_table(COLUMNS, [evidence_row(row) for row in person.evidence[:limit]], title="ties")
    if len(person.evidence) > limit:
        say(f"and {len(person.evidence) - limit} more; --limit shows them")
    say(f"published version {published.version}")


def find_person(project: Project, published: Published, kind: str, value: str) -> Person:
    """The person of an identifier given in clear.

    Raises:
        CommandError: the value cannot be such an identifier, was never seen, or belongs to nobody for a reason.
    """
    value_hash = hashed(project, kind, value)
    customer = published.value(PERSON, [kind, value_hash])
    if customer is None:
        raise CommandError(_why_nobody(published, kind, value_hash))
    return Person(str(customer), published.rows(IDENTIFIERS, [customer]), published.rows(EVIDENCE, [customer]))


def identifier_row(row: dict[str, Any]) -> tuple[object, ...]:
    """One identifier as a line of the table."""
    dates = (f"{row[name]:%Y-%m-%d}" for name in ("first_seen_at", "last_seen_at"))
    return (f"{row['type']} {mask(row['value_hash'])}", row["tier"], row["status"], *dates)


def evidence_row(row: dict[str, Any]) -> tuple[object, ...]:
    """One tie as a line of the table."""
    return (
        f"{row['a_type']} {mask(row['a_hash'])}",
        f"{row['b_type']} {mask(row['b_hash'])}",
        str(row["rule_id"]).partition(":")[0],
        row["source"],
        f"{row['first_seen_at']:%Y-%m-%d}",
        f"{row['last_seen_at']:%Y-%m-%d}",
        row["n_observed"],
        row["state"] if not row.get("reason") else f"{row['state']}, {row['reason']}",
    )


def _why_nobody(published: Published, kind: str, value_hash: str) -> str:
    known = published.rows(KNOWN, [kind, value_hash])
    if not known:
        return f"{kind} {mask(value_hash)}: never seen in published version {published.version}"
    reason = f" ({known[0]['reason']})" if known[0]["reason"] else ""
    return f"{kind} {mask(value_hash)}: is {known[0]['status']}{reason} and belongs to nobody"
