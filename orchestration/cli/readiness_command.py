"""`concierge readiness`: what the landed data allows and what it rules out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.moments import instant
from orchestration.cli.project import open_project
from orchestration.cli.run_command import AsOf

if TYPE_CHECKING:
    from orchestration.readiness.lists import ListMeasure
    from orchestration.readiness.measures import Measures
    from orchestration.readiness.methods import Judged


def readiness(
    as_of: AsOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Read what has landed and say which methods it allows, and which not yet.

    Needs only `concierge ingest`; a run is not necessary. Before the first run, customers and match rate are a first
    look at the identifiers on the events; after it they are what the identity ledger found.
    """
    from orchestration.cli.published import Published
    from orchestration.readiness.ledger import with_ledger
    from orchestration.readiness.measures import measure
    from orchestration.readiness.methods import judge

    project = open_project()
    measures = measure(project.paths, instant(as_of) if as_of else project.clock.now())
    if measures is None:
        raise CommandError(f"{project.paths.lake_events}: nothing has landed yet; run: concierge ingest")
    if Published.exists(project.paths):
        measures = with_ledger(measures, Published.current(project.paths))
    judged = judge(measures)
    if as_json:
        import msgspec

        from orchestration.cli.console import say

        say(msgspec.json.encode({**asdict(measures), "methods": [asdict(item) for item in judged]}).decode())
        return
    _show(measures, judged)


def _show(measures: Measures, judged: list[Judged]) -> None:
    from orchestration.cli.console import say, show_table
    from orchestration.readiness.methods import advice

    show_table(
        ("source", "events", "from", "to", "names a person", "event types"),
        [
            (
                item.source,
                item.events,
                item.first_day,
                item.last_day,
                _percent(item.named_share),
                ", ".join(item.event_types),
            )
            for item in measures.sources
        ],
    )
    show_table(("identifier", "distinct values"), list(measures.identifiers.items()))
    show_table(("field", "filled"), [(name, _percent(share)) for name, share in measures.fields.items()])
    for label, text in _facts(measures):
        say(f"{label:<18} {text}")
    show_table(
        ("method", "verdict", "needs", "until then"),
        [(item.method, item.verdict, "; ".join(item.unmet), item.until_then) for item in judged],
    )
    say(advice(measures))
    if not measures.active_customers and measures.last_event_at is not None:
        say(f"The data ends on {measures.last_event_at:%Y-%m-%d}; look from there with --as-of {_day_after(measures)}.")


def _facts(measures: Measures) -> list[tuple[str, str]]:
    from orchestration.readiness.measures import ACTIVE_DAYS

    rate = "no event names anybody" if measures.match_rate is None else _percent(measures.match_rate)
    return [
        ("as of", f"{measures.as_of:%Y-%m-%d %H:%M} UTC, customers by {measures.judged_by}"),
        ("history", f"{measures.months:g} months"),
        (
            "active customers",
            f"{measures.active_customers:,} in {ACTIVE_DAYS} days, {measures.known_customers:,} known by name",
        ),
        ("match rate", rate),
        ("orders", f"{measures.orders:,} of {measures.buyers:,} customers, {measures.repeat_buyers:,} bought again"),
        ("products", f"{measures.products_sold:,} sold or viewed, {measures.products_described:,} in the catalogue"),
        ("lists", _lists(measures.lists)),
        ("traits", ", ".join(measures.traits) or "none"),
        ("consent", ", ".join(measures.consent_purposes) or "no word on any purpose"),
    ]


def _lists(lists: ListMeasure) -> str:
    if not lists.items_shown:
        return "none that tells its items"
    told = f"{lists.items_shown:,} items shown to {lists.people:,} people, {lists.clicks:,} clicks"
    return f"{told}; told apart: {', '.join(lists.attributes) or 'no attribute'}"


def _day_after(measures: Measures) -> str:
    last = measures.last_event_at or measures.as_of
    return f"{last + timedelta(days=1):%Y-%m-%d}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
