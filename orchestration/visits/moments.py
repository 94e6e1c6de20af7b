"""Past visits read at moments of their course, by the reducer that the live service folds events with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import groupby
from typing import Any, Final

import pandas as pd

from ml.visits import BOUNCE, INTENT
from ml.visits.model import NUMBERS, TEXTS
from orchestration.warehouse import Warehouse
from serving.session.reducer import SessionReducer, microseconds

# An AUC of 8,000 visits is right to the second digit; folding them takes some three seconds.
MOST_VISITS: Final = 8_000
# Read after these events: early ones matter most, and a long visit should not speak for ten short ones.
READ_AFTER: Final = (1, 2, 3, 5, 8, 13, 21)
BOUNCE_US: Final = 10_000_000
# Fewer visits with an order in them than this, and the goal is the checkout: orders may be placed elsewhere.
LEAST_ORDERS: Final = 200
ORDER, CHECKOUT = "order_completed", "checkout_started"
FIELDS: Final = (
    "event_type", "page_type", "referrer", "campaign", "device_type", "product_id", "category", "query", "unit_price",
    "dwell_ms", "scroll_depth", "properties",
)  # fmt: skip
# Visits of people who refused analysis have no customer; those of strangers may be counted where nobody refused.
VISITS: Final = f"""
    with visits as (
        select session_id, session_date, started_at,
            row_number() over (order by started_at, session_id) as place, count(*) over () as visits
        from marts.fct_session
        where not is_bot and customer_id is not null
    ),
    chosen as (
        select * from visits where place % greatest(1, cast(ceil(visits / {MOST_VISITS}.0) as bigint)) = 0
    )
    select chosen.place, events.occurred_at, {", ".join(f"events.{name}" for name in FIELDS)}
    from chosen inner join intermediate.int_events as events
        on chosen.session_id = events.session_id
        and events.event_date between chosen.session_date - 1 and chosen.session_date + 1
    where not events.is_bot and events.occurred_at < (select max(as_of) from ops.run_context)
    order by chosen.place, events.occurred_at, events.event_id
"""
Event = dict[str, Any]


def past_visits(warehouse: Warehouse, reducer: SessionReducer) -> tuple[dict[str, pd.DataFrame], str]:
    """Rows of both models in order of time, and the event type that intent looks for.

    Returns:
        model → session (a number), label, moment_score and features as the reducer reads them; the goal.
    """
    rows = warehouse.rows(VISITS)
    visits = [
        [(microseconds(row[1].replace(tzinfo=UTC)), _event(row)) for row in own]  # type: ignore[attr-defined]
        for _, own in groupby(rows, key=lambda row: row[0])
    ]
    return visit_rows(visits, reducer)


def visit_rows(
    visits: Sequence[Sequence[tuple[int, Event]]], reducer: SessionReducer
) -> tuple[dict[str, pd.DataFrame], str]:
    """The same of visits at hand: each a list of (microseconds, event) in order of time."""
    ordered = sum(any(event["event_type"] == ORDER for _, event in visit) for visit in visits)
    goal = ORDER if ordered >= LEAST_ORDERS else CHECKOUT
    found: dict[str, list[dict[str, Any]]] = {INTENT: [], BOUNCE: []}
    for session, visit in enumerate(visits):
        for name, row in _moments(visit, reducer, goal):
            found[name].append(row | {"session": session})
    columns = {name: ["session", "label", "moment_score", *NUMBERS[name], *TEXTS] for name in found}
    return {name: pd.DataFrame(own, columns=columns[name]) for name, own in found.items()}, goal


def _moments(
    visit: Sequence[tuple[int, Event]], reducer: SessionReducer, goal: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of one visit: of the bounce after its first event, of intent until the goal is reached."""
    reached = next((place for place, (_, event) in enumerate(visit) if event["event_type"] == goal), len(visit))
    names = frozenset(NUMBERS[INTENT]) | frozenset(NUMBERS[BOUNCE]) | frozenset(TEXTS) | reducer.score_needs
    state = reducer.start(visit[0][0])
    for place, (at_us, event) in enumerate(visit):
        reducer.fold(state, event, at_us)
        if place + 1 not in READ_AFTER or place >= reached:
            continue
        values = reducer.read(state, at_us, names)
        values["moment_score"] = reducer.moment_score(values)
        if place == 0:
            yield BOUNCE, values | {"label": visit[-1][0] - at_us < BOUNCE_US}
        yield INTENT, values | {"label": reached < len(visit)}


def _event(row: Sequence[Any]) -> Event:
    event = dict(zip(FIELDS, row[2:], strict=True))
    event["properties"] = json.loads(event["properties"]) if event["properties"] else None
    return event
