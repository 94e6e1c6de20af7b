"""Credits and hourly sums against brute force, whatever the order and the batches in which rows come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.learning.changes import EXPOSURES, OUTCOMES, Moved, prepare, take_in
from orchestration.learning.counting import OF_PERSON, PERSON, SUMS, rebuild
from orchestration.learning.tick import recount_if_torn
from orchestration.warehouse_schema import create_source_tables, source_table
from tests.orchestration.learning import brute_force, shop
from tests.orchestration.learning.brute_force import Row


@pytest.fixture(scope="module")
def shared() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_source_tables(connection)
        yield connection


@pytest.fixture
def warehouse(shared: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    return emptied(shared)


def emptied(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The same tables without rows, and the shop's windows."""
    for table in (
        EXPOSURES,
        OUTCOMES,
        "ml.attribution",
        "ml.arm_stats",
        "ml.arm_person",
        "ml.conversion_delay",
        "ml.attribution_window",
    ):
        connection.execute(f"delete from {table}").fetchall()
    for (name, version), hours in shop.HOURS.items():
        connection.execute("insert into ml.attribution_window values (?, ?, ?)", [name, version, hours]).fetchall()
    return connection


def take(
    connection: duckdb.DuckDBPyConnection,
    exposures: Sequence[Row] = (),
    outcomes: Sequence[Row] = (),
    gone: Sequence[str] = (),
) -> Moved:
    prepare(connection)
    for table, incoming, rows in ((EXPOSURES, "exposure", exposures), (OUTCOMES, "outcome", outcomes)):
        names = source_table(table).column_names
        if rows:
            frame = pd.DataFrame([{name: row[name] for name in names} for row in rows], columns=list(names))
            connection.register("given", frame.astype(object).where(frame.notna(), None))
            connection.execute(f"insert into incoming_{incoming} select * from given").fetchall()
            connection.unregister("given")
    for name in gone:
        connection.execute("insert into gone_exposure values (?)", [name]).fetchall()
        connection.execute("insert into gone_outcome values (?)", [name]).fetchall()
    return take_in(connection)


def stats(connection: duckdb.DuckDBPyConnection) -> dict[tuple[object, ...], Counter[str]]:
    rows = connection.execute(
        "select experiment, experiment_version, segment_id, context_bucket, arm, hour, "
        + ", ".join(SUMS)
        + " from ml.arm_stats"
    ).fetchall()
    return {row[:6]: Counter({name: int(n) for name, n in zip(SUMS, row[6:], strict=True)}) for row in rows}


def people(connection: duckdb.DuckDBPyConnection) -> dict[tuple[object, ...], Counter[str]]:
    rows = connection.execute(f"select {PERSON}, {', '.join(OF_PERSON)} from ml.arm_person").fetchall()
    return {row[:4]: Counter(dict(zip(OF_PERSON, row[4:], strict=True))) for row in rows}


def delays(connection: duckdb.DuckDBPyConnection) -> Counter[tuple[str, int]]:
    rows = connection.execute("select experiment, delay_hour, conversions from ml.conversion_delay").fetchall()
    return Counter({(name, hours): n for name, hours, n in rows})


def credited(connection: duckdb.DuckDBPyConnection) -> Counter[tuple[object, ...]]:
    rows = connection.execute("select outcome_id, personalization_id, rule, reason, margin_micros from ml.attribution")
    return Counter(tuple(row) for row in rows.fetchall())


def expected(exposures: Sequence[Row], outcomes: Sequence[Row]) -> tuple[object, ...]:
    shown = brute_force.first_reports(exposures, "personalization_id", "shown_at")
    came = brute_force.first_reports(outcomes, "outcome_id", "occurred_at")
    found = brute_force.credits(shown, came, shop.HOURS)
    told = Counter(
        (
            item["outcome"]["outcome_id"],
            item["exposure"]["personalization_id"] if item["exposure"] else item["outcome"]["personalization_id"],
            item["rule"],
            item.get("reason"),
            item["margin"] if item["rule"] != "none" else item["outcome"]["margin_micros"],
        )
        for item in found
    )
    return *brute_force.sums(shown, found), brute_force.delays(shown, found), told


def state(connection: duckdb.DuckDBPyConnection) -> tuple[object, ...]:
    return stats(connection), people(connection), delays(connection), credited(connection)


@given(seed=st.integers(0, 10**9), batches=st.integers(1, 4))
@settings(max_examples=5, deadline=None)
def test_any_order_in_any_batches_leaves_what_brute_force_finds(
    shared: duckdb.DuckDBPyConnection, seed: int, batches: int
) -> None:
    connection, random = emptied(shared), Random(seed)  # noqa: S311 - a shop, not a secret
    exposures, outcomes = shop.exposures(random, 60), shop.outcomes(random, 70, 60)
    rows = [("e", row) for row in exposures] + [("o", row) for row in outcomes]
    random.shuffle(rows)
    for place in range(batches):
        part = rows[place::batches]
        take(connection, [row for kind, row in part if kind == "e"], [row for kind, row in part if kind == "o"])
    found = state(connection)
    assert found == expected(exposures, outcomes)
    assert sum(n["exposures"] for n in stats(connection).values()) == sum(
        row["is_counted"] for row in brute_force.first_reports(exposures, "personalization_id", "shown_at")
    )
    rebuild(connection)
    assert state(connection) == found


def exposure(name: str, **changes: object) -> Row:
    base = shop.exposures(Random(0), 1)[0]  # noqa: S311 - a shop, not a secret
    shown = {"experiment": "till", "experiment_version": 1, "arm": "a", "traffic": "live", "person": "ann"}
    counted = {"is_creditable": True, "is_counted": True, "shown_at": shop.START, "received_at": shop.START}
    return {**base, **shown, **counted, "personalization_id": name, **changes}


def order(number: str, hours: float, **changes: object) -> Row:
    occurred = shop.START + timedelta(hours=hours)
    money = {"revenue_micros": 9_000_000, "margin_micros": 3_000_000, "cost_micros": None, "ltv_change_micros": None}
    told = {"outcome_id": f"order:{number}", "kind": "order", "order_id": number, "person": "ann", "anchor_key": None}
    times = {"occurred_at": occurred, "received_at": occurred, "is_converted": True, "personalization_id": None}
    return {**told, **times, **money, **changes}


def given_to(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    rows = connection.execute("select outcome_id, personalization_id, rule from ml.attribution").fetchall()
    return {name: (shown, rule) for name, shown, rule in rows}


def test_both_ends_of_the_window_belong_to_it(warehouse: duckdb.DuckDBPyConnection) -> None:
    past = {"received_at": shop.START}
    late = order("late", 168) | {"occurred_at": shop.START + timedelta(hours=168, microseconds=1)}
    before = order("before", 0) | {"occurred_at": shop.START - timedelta(microseconds=1), **past}
    take(warehouse, [exposure("p")], [order("first", 0), order("last", 168), late, before])
    assert set(given_to(warehouse)) == {"order:first", "order:last"}


def test_a_newer_exposure_that_comes_in_late_takes_the_credit_over(warehouse: duckdb.DuckDBPyConnection) -> None:
    take(warehouse, [exposure("old")], [order("1", 5)])
    assert given_to(warehouse) == {"order:1": ("old", "last_exposure")}
    newer = exposure("new", arm="b", shown_at=shop.START + timedelta(hours=4), received_at=shop.START)
    take(warehouse, [newer])
    assert given_to(warehouse) == {"order:1": ("new", "last_exposure")}
    take(warehouse, gone=["new"])
    assert given_to(warehouse) == {"order:1": ("old", "last_exposure")}
    assert {cell[4] for cell in stats(warehouse)} == {"a"}


def test_an_outcome_of_an_unknown_exposure_waits_for_it(warehouse: duckdb.DuckDBPyConnection) -> None:
    take(warehouse, [exposure("p")], [order("1", 5, personalization_id="q")])
    assert given_to(warehouse) == {"order:1": ("q", "none")}
    take(warehouse, [exposure("q", person="bob", arm="b")])
    assert given_to(warehouse) == {"order:1": ("q", "named")}
    assert {cell[4]: n["conversions"] for cell, n in stats(warehouse).items()} == {"a": 0, "b": 1}


def test_a_merge_brings_the_credit_of_both_histories_together(warehouse: duckdb.DuckDBPyConnection) -> None:
    take(warehouse, [exposure("p", person="key:1", anchor_key=1)], [order("1", 5)])
    assert given_to(warehouse) == {}
    merged = exposure("p")
    prepare(warehouse)
    take(warehouse, [merged], gone=["nothing"])
    assert given_to(warehouse) == {"order:1": ("p", "last_exposure")}
    assert sum(n["exposures"] for n in stats(warehouse).values()) == 1


def test_an_order_that_is_taken_out_takes_its_refund_along(warehouse: duckdb.DuckDBPyConnection) -> None:
    back = order("1", 200, outcome_id="refund:1", kind="refund", revenue_micros=-9_000_000, margin_micros=None)
    take(warehouse, [exposure("p")], [back | {"is_converted": None}])
    assert given_to(warehouse) == {}
    take(warehouse, [], [order("1", 5)])
    assert given_to(warehouse) == {"order:1": ("p", "last_exposure"), "refund:1": ("p", "order")}
    (sums,) = stats(warehouse).values()
    assert (sums["revenue_micros"], sums["margin_micros"], sums["conversions"]) == (0, 0, 1)
    take(warehouse, gone=["order:1"])
    assert given_to(warehouse) == {}
    assert delays(warehouse) == Counter()


def test_an_order_of_a_million_and_a_loss_are_numbers_like_others(warehouse: duckdb.DuckDBPyConnection) -> None:
    huge = 1_000_000 * 1_000_000
    take(warehouse, [exposure("p")], [order("1", 1, margin_micros=huge), order("2", 2, margin_micros=-2 * huge)])
    (sums,) = stats(warehouse).values()
    assert (sums["margin_micros"], sums["margin_cents_squared"]) == (-huge, 10**16)


def test_a_refund_gives_no_loss_back_that_a_report_did_not_tell(warehouse: duckdb.DuckDBPyConnection) -> None:
    loss = order("1", 5, margin_micros=-4_000_000)
    told = {"outcome_id": "report:p", "kind": "report", "personalization_id": "p", "margin_micros": 1_000_000}
    back = {"outcome_id": "refund:1", "kind": "refund", "revenue_micros": -9_000_000, "margin_micros": None}
    take(warehouse, [exposure("p")], [loss, order("1", 6, **told), order("1", 7, is_converted=None, **back)])
    (sums,) = stats(warehouse).values()
    assert sums["margin_micros"] == 1_000_000


def test_an_erased_outcome_takes_its_money_along_where_the_exposure_stays(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    take(warehouse, [exposure("p")], [order("1", 1, person="bob", personalization_id="p"), order("2", 2)])
    assert not recount_if_torn(warehouse)
    warehouse.execute("delete from ml.learned_outcome where person = 'bob'").fetchall()
    assert recount_if_torn(warehouse)
    (sums,) = stats(warehouse).values()
    assert (sums["exposures"], sums["revenue_micros"], sums["margin_micros"]) == (1, 9_000_000, 3_000_000)
    assert set(given_to(warehouse)) == {"order:2"}
    assert not recount_if_torn(warehouse)
