"""The generated SQL and the live reducer, replaying the same sessions, agree in every field."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
import yaml

from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.scan import scan_locations
from orchestration.session_macro.macro import MACRO_FILE, macro_text
from serving.session.fields import SCALE
from serving.session.reducer import ENDED, SessionReducer, microseconds, shipped_reducer
from serving.session.spec import shipped_spec
from simulation.company import write_company
from simulation.company_config import write_company_config
from tests.dbt.dbt_room import Event, Room, event

DAYS = 30


def hard_session() -> list[Event]:
    """What the simulated company never does: hovers, offers, more products than are kept, prices of four places."""
    found = []
    for n in range(90):
        at = (datetime(2017, 1, 3, 23, 30, tzinfo=UTC) + timedelta(seconds=31.25 * n)).isoformat()
        fields: dict[str, Any] = {"session_id": "hard", "product_id": f"p{n % 70:02d}", "category": "äé"[n % 2]}
        price = Decimal("12.9999") if n % 3 else None
        found.append(event(f"h{n}", "product_viewed", at, who="cookie:h", unit_price=price, dwell_ms=n * 7, **fields))
    odd: list[Any] = [3001, 3000, "3000.9", 3001.5, "4e3", None, True, {"a": 1}, "9" * 16, -5]
    for n, hover in enumerate(odd):
        more = {"hover_ms": hover, "filter": "sale", "is_returning": n == 4}
        at = f"2017-01-04 00:1{n % 10}:00"
        kind = "size_guide_opened" if n % 2 else "filter_applied"
        found.append(event(f"o{n}", kind, at, who="cookie:h", session_id="hard", properties=more))
        found.append(event(f"s{n}", "size_guide_opened", at, who="cookie:g", session_id="odd", properties=more))
        said = ["a coupon", "Coupon", "sale_x", ""][n % 4]
        found.append(event(f"q{n}", "searched", at, who="cookie:g", session_id="odd", query=said))
    for n, (kind, minute) in enumerate(
        [("cart_added", 0), ("page_viewed", 9), ("page_viewed", 19), ("order_completed", 25)]
    ):
        fields = {"session_id": f"left{n // 3}", "campaign": "spring", "product_id": "p1"}
        found.append(event(f"l{n}", kind, f"2017-01-06 10:{minute:02d}:00", who="cookie:left", **fields))
    # Two things at one moment, and a session whose events stand without an id.
    half_hours = [f"2017-01-05 {10 + n // 2}:{n % 2 * 30:02d}:00" for n in range(5)]
    for n, kind in enumerate(["page_viewed", "product_viewed", "cart_added", "cart_removed", "cart_removed"]):
        found.append(event(f"t{n}", kind, "2017-01-05 10:00:00", who="cookie:t", session_id="tie", product_id=f"p{n}"))
        found.append(event(f"g{n}", kind, half_hours[n], who="cookie:gap", scroll_depth=Decimal("0.3333")))
    return found


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The web events of a small company and the hard ones, taken in and built."""
    root = tmp_path_factory.mktemp("parity")
    report = write_company(root / "data" / "landing", root / "data" / "truth", 60, DAYS, 5)
    config = write_company_config(repository_root() / "config", root / "config", report.landing)
    paths = DataPaths(root / "data")
    scan_locations(Project.open(paths, config), ["sim_web"])
    room = Room(paths.root)
    for file in sorted(paths.root.glob("lake/events/*/*.parquet")):
        day = date.fromisoformat(file.parent.name.removeprefix("event_date="))
        room.execute(
            "INSERT INTO ops.lake_file VALUES (?, 'sim_web', ?, ?, ?, ?, TIMESTAMP '2018-01-02', true)",
            [str(file.relative_to(paths.root)), day, pq.read_metadata(file).num_rows, day, day],
        )
    room.land("hard", hard_session())
    room.stand_at("2019-01-01")
    room.dbt(
        "run", "--select", "+int_session_features", "--event-time-start", "2017-01-01", "--event-time-end", "2017-02-01"
    )
    return room


def replay(room: Room) -> dict[tuple[str, date], dict[str, Any]]:
    """Fold every session event by event, in order of arrival."""
    columns = [
        *["session_id", "event_type", "occurred_at", "page_type", "page_url", "referrer", "campaign", "device_type"],
        *["product_id", "category", "query", "unit_price", "dwell_ms", "scroll_depth", "properties"],
    ]
    openings = dict(room.execute("SELECT session_id, event_date FROM intermediate.int_events WHERE is_session_start"))
    reducer = shipped_reducer()
    states: dict[str, list[Any]] = {}
    rows = room.execute(
        f"SELECT {', '.join(columns)} FROM intermediate.int_events WHERE session_id IS NOT NULL"
        " ORDER BY received_at, event_id"
    )
    for row in rows:
        named = dict(zip(columns, row, strict=True))
        named["properties"] = msgspec.json.decode(named["properties"] or "{}")
        at = microseconds(named["occurred_at"].replace(tzinfo=UTC))
        state = states.setdefault(named["session_id"], reducer.start(at))
        reducer.fold(state, named, at)
    return {(name, openings[name]): told(reducer, state) for name, state in states.items()}


def told(reducer: SessionReducer, state: list[Any]) -> dict[str, Any]:
    """All features after the last event, decimals as such."""
    values = reducer.read(state, state[ENDED])
    values["moment_score"] = reducer.moment_score(values)
    decimals = {f.name for f in reducer.spec.features if f.type == "decimal"} | {"moment_score"}
    return {
        name: Decimal(value) / SCALE if name in decimals and value is not None else value
        for name, value in values.items()
    }


def test_both_agree_on_every_feature_of_every_session(room: Room) -> None:
    names = [*shipped_spec().by_name, "moment_score"]
    columns = ["session_id", "event_date", *names]
    rows = room.execute(f"SELECT {', '.join(columns)} FROM intermediate.int_session_features")
    batch = {(row[0], row[1]): dict(zip(names, row[2:], strict=True)) for row in rows}
    live = replay(room)
    assert len(batch) > 100
    assert batch.keys() == live.keys()
    different = [(key, n, batch[key][n], live[key][n]) for key in batch for n in names if batch[key][n] != live[key][n]]
    assert different == []


def test_the_sessions_show_every_feature(room: Room) -> None:
    seen: dict[str, set[Any]] = defaultdict(set)
    for features in replay(room).values():
        for name, value in features.items():
            seen[name].add(value)
    silent = {name for name, values in seen.items() if len(values) < 2}
    # A session is read at its last event, when nobody has been idle yet.
    assert silent == {"idle_seconds"}


def test_every_feature_is_a_column_of_the_published_sessions() -> None:
    yaml_file = repository_root() / "dbt_project/models/marts/visits.yml"
    (model,) = [m for m in yaml.safe_load(yaml_file.read_text())["models"] if m["name"] == "fct_session"]
    # The features that stood there before under a name of their own; nobody is idle at the last event.
    other_names = {
        "seconds": "duration_ms", "events": "n_events", "page_views": "n_page_views",
        "product_views": "n_product_views", "searches": "n_searches", "cart_adds": "n_cart_adds",
        "checkouts": "n_checkouts_started", "orders": "n_orders", "entry_page_type": "landing_page_type",
        "entry_referrer": "referrer", "entry_campaign": "campaign", "idle_seconds": "ended_at",
    }  # fmt: skip
    columns = {column["name"] for column in model["columns"]}
    assert {other_names.get(name, name) for name in [*shipped_spec().by_name, "moment_score"]} <= columns


def test_the_macro_is_what_the_specification_makes() -> None:
    assert (repository_root() / MACRO_FILE).read_text(encoding="utf-8") == macro_text(shipped_spec())
