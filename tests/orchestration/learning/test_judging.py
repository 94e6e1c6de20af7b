"""What stops publishing, what only opens an alert, and how far a drawn share may be off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from math import sqrt
from random import Random

import duckdb
import pandas as pd
import pytest

from ml.bandit import BanditSettings
from orchestration.learning.judging import Verdict, verdicts
from orchestration.learning.measures import Exploration, explorations
from orchestration.learning.registry import ARM_COLUMNS, Registry
from orchestration.warehouse_schema import create_source_tables

AT = "timestamp '2026-10-25 00:00:00'"
DAY = date(2026, 10, 25)


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_source_tables(connection)
        yield connection


def registry(**changes: object) -> Registry:
    arms = [("hero", 1, "plain", False, 0.2, 0), ("hero", 1, "a", False, None, 0), ("hero", 1, "b", False, None, 0)]
    table = pd.DataFrame(arms, columns=ARM_COLUMNS)
    for arm, value in changes.items():
        table.loc[table["arm"] == arm, "is_paused"] = value
    return Registry({}, [], table, {"hero": BanditSettings(floor=0.1)})


def judged(connection: duckdb.DuckDBPyConnection, known: Registry | None = None, **told: object) -> dict[str, Verdict]:
    explored = told.get("explored", [])
    assert isinstance(explored, list)
    return {one.name: one for one in verdicts(connection, known or registry(), explored, fully=True)}


def publish(connection: duckdb.DuckDBPyConnection, **probability: float) -> None:
    for arm, value in probability.items():
        row = f"('hero', 1, -1, 'any', '{arm}', {value}, 0.5, 'test', 9, 'v', {AT})"
        connection.execute(f"insert into ml.arm_probability values {row}").fetchall()


def test_without_experiments_everything_is_well(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert all(one.passed for one in judged(warehouse).values())


@pytest.mark.parametrize(
    ("probability", "paused", "passes"),
    [
        ({"plain": 0.2, "a": 0.76, "b": 0.04}, {}, True),
        ({"plain": 0.2, "a": 0.761, "b": 0.039}, {}, False),
        ({"plain": 0.2, "a": 0.5, "b": 0.2}, {}, False),
        ({"plain": 0.2, "a": 0.8, "b": 0.0}, {"b": True}, True),
    ],
)
def test_a_cell_sums_to_one_and_keeps_its_floor(
    warehouse: duckdb.DuckDBPyConnection, probability: dict[str, float], paused: dict[str, bool], passes: bool
) -> None:
    publish(warehouse, **probability)
    found = judged(warehouse, registry(**paused))["probabilities_are_whole"]
    assert (found.passed, found.blocking) == (passes, True)


def test_a_sum_that_is_not_what_its_rows_say_stops_publishing(warehouse: duckdb.DuckDBPyConnection) -> None:
    shown = f"('p', 'hero', 1, -1, 'any', 'a', 'live', 'ann', null, {AT}, {AT}, true, true)"
    warehouse.execute(f"insert into ml.learned_exposure values {shown}").fetchall()
    assert not judged(warehouse)["every_exposure_counts_once"].passed
    sums = f"('hero', 1, -1, 'any', 'a', {AT}, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)"
    warehouse.execute(f"insert into ml.arm_stats values {sums}").fetchall()
    found = judged(warehouse)["every_exposure_counts_once"]
    assert not found.passed, "one exposure, but a conversion that nobody made"
    assert "3 sums differ" in found.sentence, "by hour what stands and what should, and the person who is not there"


def test_orphans_and_outsized_orders_open_alerts_and_stop_nothing(warehouse: duckdb.DuckDBPyConnection) -> None:
    for number in range(30):
        amount = 10**12 if number == 0 else 20_000_000
        told = f"('order:{number}', 'order', 'ann', null, '{number}', 'gone', {AT}, {AT}, true, {amount}, 0, 0, 0)"
        warehouse.execute(f"insert into ml.learned_outcome values {told}").fetchall()
    credit = f"('order:1', 'order', null, null, 'gone', 'none', 'unknown_exposure', {AT}, null, null, true, 1, 0, 0, 0)"
    warehouse.execute(f"insert into ml.attribution values {credit}").fetchall()
    found = judged(warehouse)
    failed = {name for name, one in found.items() if not one.passed}
    assert failed == {"outcomes_know_their_exposure", "no_order_is_outsized"}
    assert not any(found[name].blocking for name in failed)
    assert "1,000,000.00" in found["no_order_is_outsized"].sentence


def test_the_share_of_orphans_is_of_all_outcomes_that_name_an_exposure(warehouse: duckdb.DuckDBPyConnection) -> None:
    # 198 clicks on what was shown outside of experiments: no credit, and no fault either. Refunds name nothing.
    outcome = f"'ann' as person, {AT} as occurred_at, {AT} as received_at"
    for told in (
        f"learned_outcome by name select concat('click:', n) as outcome_id, 'click' as kind, {outcome},"
        " if(n < 2, 'gone', 'shown') as personalization_id from range(200) as t(n)",
        f"learned_outcome by name select concat('refund:', n) as outcome_id, 'refund' as kind, {outcome},"
        " 'shown' as personalization_id from range(9) as t(n)",
        "attribution by name select outcome_id, kind, personalization_id, 'none' as rule, 'unknown_exposure' as reason"
        " from ml.learned_outcome where personalization_id = 'gone'",
    ):
        warehouse.execute(f"insert into ml.{told}").fetchall()
    found = judged(warehouse)["outcomes_know_their_exposure"]
    assert (found.passed, found.sentence[:8]) == (True, "2 of 200")
    warehouse.execute("delete from ml.learned_outcome where outcome_id = 'click:9'").fetchall()
    assert not judged(warehouse)["outcomes_know_their_exposure"].passed


def test_the_share_explored_is_told_from_the_logged_rows(warehouse: duckdb.DuckDBPyConnection) -> None:
    publish(warehouse, plain=0.2, a=0.6, b=0.2)
    random = Random(4)  # noqa: S311 - draws, not secrets
    arms = random.choices(["plain", "a", "b"], [0.2, 0.6, 0.2], k=2_000)
    rows = [(f"p{n}", f"u{n}", arm, '{"plain":0.2,"a":0.6,"b":0.2}') for n, arm in enumerate(arms)]
    # Whoever comes again keeps the arm: no draw of its own.
    rows += [(f"again{n}", f"u{n}", "a", '{"plain":0.2,"a":0.6,"b":0.2}') for n, arm in enumerate(arms) if arm == "a"]
    frame = pd.DataFrame(rows, columns=["personalization_id", "unit_id", "arm", "probabilities"]).assign(
        experiment="hero", experiment_version=1, traffic="live", is_refused=False, is_bot=False
    )
    moments = [datetime(2026, 10, 25, 1) if name[0] == "p" else datetime(2026, 10, 25, 9) for name, *_ in rows]  # noqa: DTZ001
    warehouse.execute("create schema marts").fetchall()
    warehouse.register("shown", frame.assign(shown_at=moments))
    warehouse.execute("create table marts.fct_exposure as from shown").fetchall()
    (found,) = explorations(warehouse, DAY)
    assert (found.units, found.explored) == (2_000, sum(arm != "a" for arm in arms))
    assert found.expected == pytest.approx(800)
    assert found.variance == pytest.approx(2_000 * 0.24)
    assert found.holds
    assert judged(warehouse, explored=[found])["exploration_is_as_published"].passed


def test_a_service_that_draws_otherwise_than_it_says_is_told() -> None:
    off = 4 * sqrt(2_000 * 0.24) + 2
    odd = Exploration(DAY, "hero", 1, 2_000, int(800 + off), 800.0, 2_000 * 0.24)
    assert not odd.holds
    with duckdb.connect() as connection:
        create_source_tables(connection)
        found = judged(connection, explored=[odd])["exploration_is_as_published"]
    assert not found.passed
    assert "hero/1 on 2026-10-25" in found.sentence
