"""`concierge identity history`: who an identifier was, and who it was believed to be."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.moments import instant
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    import pandas as pd

    from orchestration.cli.published import Published

SPANS = """
select identifier_key, canonical_id, tier, valid_from, valid_to, system_from, system_to
from identity.identity_assignment where identifier_key = ? order by system_from, valid_from
"""

# What made or unmade the people that this identifier was ever given to.
EVENTS = """
select ev.at, ev.type, ev.survivor_id, ev.other_id, ev.actor, ed.rule_id
from identity.identity_event ev left join identity.identity_edge ed on ed.edge_key = ev.cause_edge_key
where list_contains(?, ev.survivor_id) or list_contains(?, ev.other_id)
order by ev.at, ev.event_id
"""


def history(
    identifier: Annotated[str, typer.Argument(metavar="TYPE:VALUE", help="In clear; or a customer id.")],
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Whose it was at this UTC moment; now.")
    ] = None,
    believed: Annotated[
        str | None, typer.Option("--believed", metavar="DATE", help="As it was believed just before then; now.")
    ] = None,
) -> None:
    """Show whom an identifier belonged to on a day, as it was believed on another, and what changed in between.

    A shared cookie belongs to one person on one day and to another on the next; and what was believed of a day changes
    when evidence arrives later. Both are kept.
    """
    from orchestration.cli.console import say, show_table
    from orchestration.cli.naming import seen
    from orchestration.cli.published import Published

    project = open_project()
    published = Published.current(project.paths)
    one = seen(project, published, identifier)
    now = project.clock.now()
    moment, known = (instant(text) if text else now for text in (on, believed))
    spans = published.frame(SPANS, [one.key])
    owner = owner_at(spans, moment, known)
    say(f"{one.shown}, on {moment:%Y-%m-%d %H:%M}, as believed before {known:%Y-%m-%d %H:%M} UTC: {owner or 'nobody'}")
    columns = ("customer", "tier", "belongs from", "to", "believed from", "to")
    show_table(columns, [_span_row(row) for row in spans.to_dict("records")], title="assignments")
    people = sorted(set(spans["canonical_id"]))
    events = published.rows(EVENTS, [people, people])
    show_table(
        ("at (UTC)", "event", "customer", "other", "by", "rule"), [_event_row(row) for row in events], title="events"
    )
    say(f"published version {published.version}")
    if owner is None:
        raise CommandError(f"{one.shown}: {_why(published, one.key)}")


def owner_at(spans: pd.DataFrame, on: datetime, believed: datetime) -> str | None:
    """The customer and tier that held on the day of `on`, as far as was known just before `believed`."""
    import pandas as pd

    from ml.identity import owner_on

    moment, known = (pd.Timestamp(time.replace(tzinfo=None)) for time in (on, believed))
    held = owner_on(spans, known, moment)
    return f"{held['canonical_id'].iloc[0]} ({held['tier'].iloc[0]})" if len(held) else None


def _why(published: Published, key: int) -> str:
    (row,) = published.rows("select status, reason from identity.identifier where identifier_key = ?", [key])
    if row["status"] == "active":
        return "belonged to nobody at that moment"
    return f"is {row['status']}, {row['reason'] or 'no reason given'}"


def _span_row(row: dict[Hashable, Any]) -> tuple[object, ...]:
    times = (row[name] for name in ("valid_from", "valid_to", "system_from", "system_to"))
    return (row["canonical_id"], row["tier"], *(until(time) for time in times))


def _event_row(row: dict[str, Any]) -> tuple[object, ...]:
    rule = str(row["rule_id"]).partition(":")[0] if row["rule_id"] else None
    return (f"{row['at']:%Y-%m-%d %H:%M}", row["type"], row["survivor_id"], row["other_id"], row["actor"], rule)


def until(moment: datetime) -> str:
    """A moment to the minute; the far end of time is `always`."""
    return "always" if moment.year == 9999 else f"{moment:%Y-%m-%d %H:%M}"
