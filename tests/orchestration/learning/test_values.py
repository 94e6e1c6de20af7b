"""Lifetime values as outcomes: told day by day from our own scores, equal to a count by hand over all of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pytest

from orchestration.experiments.analysis import analyse
from orchestration.learning.judging import verdicts
from orchestration.learning.registry import Registry, read_registry
from orchestration.learning.tick import update
from orchestration.learning.values import renew_values
from orchestration.warehouse_schema import create_source_tables
from serving.experiments.definition import Experiment
from serving.snapshot.records import ProfileRecord
from tests.orchestration.experiments.lived_shop import EXPOSED_AFTER, LivedShop, Respond, Visit, told

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAYS, WINDOW = 16, timedelta(hours=72)
AS_OF = BEGAN + timedelta(days=DAYS)
CUSTOMERS = [f"c{n:02d}" for n in range(60)]
# Those of whom nothing was known before they came, and one whose value the shop tells itself.
NEW, REPORTED = set(CUSTOMERS[:6]), CUSTOMERS[-1]
BANDIT = {
    "name": "hero", "hypothesis": "Some come for good.", "kind": "bandit", "placement": "one", "owner": "tests",
    "status": "running", "attribution_hours": 72, "least_units": 1,
    "objective": {"weights": {"margin": 1, "ltv_change": 1}},
    "arms": {"plain": {"action": "small", "is_plain": True}, "tea": {"action": "big"}, "rum": {"action": "red"}},
}  # fmt: skip
ARM = {"small": "plain", "big": "tea", "red": "rum"}
Scores = dict[str, list[tuple[datetime, float]]]


class Valued(NamedTuple):
    """The shop, all scores there ever were, and the outcomes after each day's run."""

    shop: LivedShop
    scores: Scores
    exposures: dict[str, list[tuple[datetime, str, str]]]
    by_day: list[list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def valued(tmp_path_factory: pytest.TempPathFactory) -> Valued:
    """People come up to five times in ten days; everybody is scored each night but one, and read out on some days."""
    draw = np.random.default_rng(91)
    shop = LivedShop(tmp_path_factory.mktemp("valued"), [BANDIT], list(ARM), BEGAN)
    shop.publish([ProfileRecord(one, consent_personalization=True) for one in CUSTOMERS])
    hours = np.sort(draw.uniform(0, 24 * 10, 160))
    who = [REPORTED, *draw.choice(CUSTOMERS[:-1], len(hours) - 1)]
    visits = [
        Visit(BEGAN + timedelta(hours=h), str(one), f"s{n}") for n, (h, one) in enumerate(zip(hours, who, strict=True))
    ]
    shop.live(visits, reports(), AS_OF)
    shop.build(visits, CUSTOMERS, AS_OF)
    log = shop.logged()
    seen = {context["session_id"]: (pid, ARM[action]) for context, pid, action in
            zip(log["context"], log["personalization_id"], log["action"], strict=True)}  # fmt: skip
    exposures: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
    for visit in visits:
        exposures[visit.customer].append((visit.at + EXPOSED_AFTER, *seen[visit.session_id]))
    scores, by_day = scored_daily(shop, draw)
    return Valued(shop, scores, dict(exposures), by_day)


def reports() -> Respond:
    def respond(_: int, visit: Visit, shown: dict[str, Any]) -> list[dict[str, Any]]:
        if visit.customer != REPORTED:
            return []
        named = {"personalization_id": shown["one"]["personalization_id"]}
        properties = {"converted": False, "ltv_change_amount": 5.5}
        return [told(visit, "report", "outcome_observed", timedelta(hours=2), properties=properties, **named)]

    return respond


def scored_daily(shop: LivedShop, draw: np.random.Generator) -> tuple[Scores, list[list[tuple[Any, ...]]]]:
    """What a daily run does to scores and outcomes; the value of each customer goes its own way."""
    scores: Scores = defaultdict(list)
    by_day = []
    registry, midnight = read_registry(shop.project), BEGAN.replace(hour=0)
    for day in range(DAYS + 1):
        at = midnight + timedelta(days=day)
        if day != 6:
            rows = [(one, at, float(np.round(draw.normal(100, 30), 6))) for one in CUSTOMERS
                    if one not in NEW or day > 2]  # fmt: skip
            for one, moment, amount in rows:
                scores[one].append((moment, amount))
            with shop.connect() as connection:
                connection.execute("delete from ml.value_score")
                values = ", ".join(f"('{one}', timestamp '{at:%Y-%m-%d}', {amount!r})" for one, _, amount in rows)
                connection.execute(f"insert into ml.value_score (customer_id, as_of, ltv_amount) values {values}")
        with shop.connect() as connection:
            renew_values(connection, registry, at + timedelta(hours=1))
            by_day.append(connection.execute("from ml.value_outcome order by all").fetchall())
        if day in (3, 8, DAYS):
            analyse(shop.project, at + timedelta(hours=1))
    return dict(scores), by_day


def by_hand(valued: Valued) -> dict[str, tuple[datetime, datetime, float]]:
    """By exposure the cut-offs before and after it and the change, one person and exposure after another."""
    found = {}
    for customer, exposures in valued.exposures.items():
        moments = [at for at, _ in valued.scores[customer]]
        for place, (shown, name, _) in enumerate(exposures):
            before, after = bisect_right(moments, shown) - 1, bisect_left(moments, shown + WINDOW)
            again = exposures[place + 1][0] if place + 1 < len(exposures) else None
            if again is not None and (after == len(moments) or again < moments[after]):
                after = bisect_right(moments, again) - 1
            if before < 0 or after == len(moments) or moments[after] <= shown:
                continue
            change = valued.scores[customer][after][1] - valued.scores[customer][before][1]
            found[name] = (moments[before], moments[after], change)
    return found


def test_every_change_is_that_between_the_scores_around_an_exposure(valued: Valued) -> None:
    rows = valued.shop.frame("select * from ml.value_outcome").set_index("personalization_id")
    expected = by_hand(valued)
    assert len(expected) > 100
    assert set(rows.index) == set(expected)
    for name, (before, after, change) in expected.items():
        row = rows.loc[name]
        assert (row["before_as_of"].tz_localize("UTC"), row["after_as_of"].tz_localize("UTC")) == (before, after)
        assert row["ltv_change_micros"] == pytest.approx(change * 1e6, abs=1)
    assert (rows["before_as_of"] <= rows["shown_at"]).all()
    assert (rows["after_as_of"] > rows["shown_at"]).all(), "no score from before an exposure tells of its effect"
    assert not {n for who in NEW & set(valued.exposures) for at, n, _ in valued.exposures[who]
                if at < BEGAN.replace(hour=0) + timedelta(days=3)} & set(rows.index)  # fmt: skip


def test_what_somebody_gained_is_credited_once_however_often_they_came(valued: Valued) -> None:
    rows = by_hand(valued)
    often = 0
    for customer, exposures in valued.exposures.items():
        told_of = [rows[name] for _, name, _ in exposures if name in rows]
        gaps = [later[0] - one[0] for one, later in pairwise(exposures)]
        if customer in NEW or not told_of or any(gap > WINDOW for gap in gaps):
            continue
        amount = dict(valued.scores[customer])
        often += len(exposures) > 1
        assert sum(change for _, _, change in told_of) == pytest.approx(amount[told_of[-1][1]] - amount[told_of[0][0]])
    assert often > 5


def test_nothing_is_told_before_its_score_and_a_day_that_is_run_again_changes_nothing(valued: Valued) -> None:
    for day, rows in enumerate(valued.by_day):
        now = (BEGAN.replace(hour=0, tzinfo=None)) + timedelta(days=day, hours=1)
        assert all(row[5] <= now and row[7] <= now for row in rows)
        later = {row[0]: row for row in valued.by_day[-1]}
        assert all(later[row[0]] == row for row in rows), "what was told once stays"
    with valued.shop.connect() as connection:
        renew_values(connection, read_registry(valued.shop.project), AS_OF)
        assert connection.execute("from ml.value_outcome order by all").fetchall() == valued.by_day[-1]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [(0, 96, 1), (-1, 72, 1), (-7 * 24, 72 + 7 * 24, 1), (-7 * 24 - 1, 96, 0), (0, 72 + 7 * 24 + 1, 0), (1, 96, 0),
     (0, 71, 0)],
)  # fmt: skip
def test_scores_tell_of_an_exposure_only_from_near_it_and_from_its_sides(before: int, after: int, found: int) -> None:
    """Hours from the exposure to both scores; the window is of 72."""
    design, shown = Experiment.model_validate(BANDIT), BEGAN.replace(tzinfo=None)
    registry = Registry({("hero", 1): 72}, [design], pd.DataFrame(), {})
    with duckdb.connect() as connection:
        create_source_tables(connection)
        connection.execute(
            "insert into ml.learned_exposure (personalization_id, experiment, experiment_version, person, shown_at,"
            " is_creditable) values ('p', 'hero', 1, 'ann', ?, true)", [shown],
        )  # fmt: skip
        connection.execute("insert into ml.attribution_window values ('hero', 1, 72)")
        for hours in (before, after):
            scored = [shown + timedelta(hours=hours), float(hours)]
            connection.execute("insert into ml.value_known values ('ann', ?, ?)", scored)
        assert renew_values(connection, registry, BEGAN + timedelta(days=10, hours=20)) == found


def test_arms_earn_what_their_exposures_changed_and_a_report_of_the_shop_goes_first(valued: Valued) -> None:
    shop, expected = valued.shop, by_hand(valued)
    registry = read_registry(shop.project)
    assert registry.settings["hero"].value_hours == 72 + 24
    update(shop.project, registry, AS_OF, look_at_facts=True)
    sums: dict[str, int] = defaultdict(int)
    for customer, exposures in valued.exposures.items():
        for _, name, arm in exposures:
            change = 5.5 if customer == REPORTED else expected[name][2] if name in expected else 0.0
            sums[arm] += round(change * 1e6)
    found = shop.frame("select arm, sum(ltv_change_micros)::bigint as micros from ml.arm_stats group by arm")
    assert dict(zip(found["arm"], found["micros"], strict=True)) == pytest.approx(dict(sums), abs=200)
    with shop.connect() as connection:
        before = connection.execute("from ml.attribution order by all").fetchall()
        found_by = {one.name: one for one in verdicts(connection, registry, [], fully=True)}
        assert all(one.passed for one in found_by.values())
        reported = len(valued.exposures[REPORTED])
        assert found_by["outcomes_know_their_exposure"].sentence.startswith(f"0 of {reported} outcomes")
    again = update(shop.project, registry, AS_OF, look_at_facts=True)
    assert (again.exposures, again.outcomes, again.recounted) == (0, 0, False)
    with shop.connect() as connection:
        assert connection.execute("from ml.attribution order by all").fetchall() == before
