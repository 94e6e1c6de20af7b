"""`concierge consent`: what people allow, from whom it is known, and noting what somebody said."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.actor import current_actor
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.ops_records import ConsentChange
    from intake.project import Project
    from orchestration.consent_view import Effective

consent = typer.Typer(help="What people allow: show, set, report.", no_args_is_help=True)

Kind = Annotated[str, typer.Argument(metavar="TYPE", help="Identifier type: login, email, phone, cookie, …")]
Value = Annotated[str, typer.Argument(metavar="VALUE", help="The identifier in clear; it is hashed and never shown.")]

MEMBERS = """
select i.type, i.value_hash from identity.identity_assignment a join identity.identifier i using (identifier_key)
where a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01' and a.canonical_id in (
    select mine.canonical_id
    from identity.identity_assignment mine join identity.identifier me using (identifier_key)
    where me.type = ? and me.value_hash = ?
        and mine.system_to > timestamp '9999-01-01' and mine.valid_to > timestamp '9999-01-01'
)
"""
PLACE = """
select c.country, c.region from marts.customer_consent c
join identity.identity_assignment a on a.canonical_id = c.customer_id
join identity.identifier i using (identifier_key)
where i.type = ? and i.value_hash = ? and a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01'
"""
STATE = """
select purpose, coalesce(country, '(unknown)') as country, coalesce(region, '') as region,
    customers, granted, refused, absent, allowed
from marts.consent_state order by purpose, customers desc, country, region
"""


class Word(StrEnum):
    """What a person says of a purpose."""

    GRANTED = "granted"
    REFUSED = "refused"


@consent.command()
def show(kind: Kind, value: Value) -> None:
    """Show what is known of a person's consent, from which source, and what follows for each purpose and why.

    The identifiers that the published ledger ties to this one speak as well: one refusal counts for all of them.
    """
    from intake.ops_store import OpsStore
    from intake.regime import load_consent_rules
    from orchestration.cli.console import say, show_table
    from orchestration.consent_view import effective, latest_words

    project = open_project()
    pairs, country, region = _person(project, kind, value)
    changes = OpsStore(project.paths).consent_of([value_hash for _, value_hash in pairs])
    types = {value_hash: name for name, value_hash in pairs}
    words = latest_words(changes)
    if words:
        rows = [
            (w.purpose, _said(w), _who(w, types), w.source, f"{w.occurred_at:%Y-%m-%d %H:%M}", w.note) for w in words
        ]
        show_table(("purpose", "said", "identifier", "source", "when (UTC)", "noted by"), rows)
    else:
        say("nothing was said")
    say(f"\nidentifiers: {len(pairs)}; latest place: {country or 'unknown'}{f' {region}' if region else ''}")
    found = effective(changes, load_consent_rules(project.config), country, region)
    show_table(
        ("purpose", "allowed", "because"), [(e.purpose, "yes" if e.allowed else "no", _why(e, types)) for e in found]
    )


@consent.command("set")
def set_consent(
    kind: Kind,
    value: Value,
    purpose: Annotated[str, typer.Argument(metavar="PURPOSE", help="analytics, personalization, marketing_email, …")],
    word: Annotated[Word, typer.Argument(metavar="granted|refused", help="What the person said.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, or where it was said.")],
    actor: Annotated[str, typer.Option("--actor", metavar="NAME", help="Who notes it; you.")] = "",
) -> None:
    """Note what a person said of a purpose, from now on.

    It is in the lake when the command ends, holds for whatever is taken in from then on and for a service that runs,
    and reaches tables and snapshot with the next run. A refusal that another identifier of the person stated still
    counts beside a yes.
    """
    from intake.purposes import PURPOSES
    from orchestration.cli.console import say
    from orchestration.cli.naming import hashed, mask
    from orchestration.consent_statements import state_consent

    if purpose not in PURPOSES:
        raise typer.BadParameter(f"PURPOSE {purpose!r} is none of: {', '.join(PURPOSES)}")
    if not reason.strip():
        raise typer.BadParameter("--reason: say why or where; whoever reads it later needs it")
    project = open_project()
    _check_kind(kind)
    pair = (kind, hashed(project, kind, value))
    is_live = state_consent(
        project, pair, purpose, granted=word is Word.GRANTED, actor=actor or current_actor(), reason=reason.strip()
    )
    at_once = "the service goes by it now; " if is_live else ""
    say(f"{purpose}: {word.value} for {kind} {mask(pair[1])}; {at_once}tables and snapshot follow with: concierge run")


@consent.command()
def report() -> None:
    """Show by purpose and place who said yes, no or nothing, and by source what was left out at the door."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table
    from orchestration.cli.published import Published

    project = open_project()
    if Published.exists(project.paths):
        rows = [tuple(row.values()) for row in Published.current(project.paths).rows(STATE)]
        columns = ("purpose", "country", "region", "customers", "granted", "refused", "nothing said", "allowed")
        show_table(columns, rows)
    else:
        say("nothing is published yet: customers by place follow with the first run")
    totals: dict[tuple[str, str, str], int] = {}
    for (_, source, purpose, why), count in OpsStore(project.paths).suppressed_counts().items():
        totals[source, purpose, why] = totals.get((source, purpose, why), 0) + count
    say("\nleft out at the door (source rows):")
    if totals:
        show_table(("source", "purpose", "because", "rows"), [(*key, count) for key, count in sorted(totals.items())])
    else:
        say("none")


def _check_kind(kind: str) -> None:
    from intake.event import HINT_TYPES, IDENTIFIER_TYPES

    allowed = [name for name in IDENTIFIER_TYPES if name not in HINT_TYPES]
    if kind not in allowed:
        raise typer.BadParameter(f"TYPE {kind!r} names nobody; one of: {', '.join(allowed)}")


def _person(project: Project, kind: str, value: str) -> tuple[list[tuple[str, str]], str | None, str | None]:
    """The identifiers that speak with this one, and the latest place of their customer."""
    from orchestration.cli.naming import hashed
    from orchestration.cli.published import Published

    _check_kind(kind)
    mine = (kind, hashed(project, kind, value))
    if not Published.exists(project.paths):
        return [mine], None, None
    published = Published.current(project.paths)
    members = [(row["type"], row["value_hash"]) for row in published.rows(MEMBERS, mine)]
    places = published.rows(PLACE, mine)
    country, region = (places[0]["country"], places[0]["region"]) if places else (None, None)
    return list(dict.fromkeys([mine, *members])), country, region


def _said(word: ConsentChange) -> str:
    return "granted" if word.granted else "refused"


def _who(word: ConsentChange, types: dict[str, str]) -> str:
    from orchestration.cli.naming import mask

    return f"{types[word.identifier]} {mask(word.identifier)}"


def _why(found: Effective, types: dict[str, str]) -> str:
    if found.for_want_of:
        return f"it needs {found.for_want_of}, which is not allowed"
    if found.decided_by is None:
        return f"nothing was said, and the regime there is {found.regime}"
    word = found.decided_by
    return f"{_said(word)} by {_who(word, types)} on {word.occurred_at:%Y-%m-%d} ({word.source or 'unknown source'})"
