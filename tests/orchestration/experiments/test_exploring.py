"""Whom a bandit explored on against the others, weeks later: counted by hand, and right where plain means are not."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from orchestration.experiments.analysis import analyse
from orchestration.experiments.exploring import BEST, EXPLORED, groups
from orchestration.experiments.reading import Reading
from tests.orchestration.experiments.played_shop import START, Shop

AS_OF = (START + timedelta(days=60)).replace(tzinfo=UTC)
ARMS = {"plain": {"action": "welcome", "is_plain": True}, "tea": {"action": "specials"}, "rum": {"action": "specials"}}
# Two segments: with the first rum is explored seldom, with the second often, and the second comes often anyway.
ROWS = {1: {"plain": 0.2, "tea": 0.72, "rum": 0.08}, 2: {"plain": 0.2, "tea": 0.44, "rum": 0.36}}
USUAL_VISITS = {1: 1.0, 2: 6.0}
PEOPLE = 1_600
# Whoever drew rum comes so many times less in four weeks, and one in five fewer come back at all.
FEWER, GONE = 0.5, 0.2


class Weeks(NamedTuple):
    """The shop, its people as they were made, and the reading."""

    shop: Shop
    people: pd.DataFrame
    reading: Reading


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    """Sixty days of a bandit that draws at each visit; whoever came first in the last weeks has no 28 days yet."""
    shop = Shop(tmp_path_factory.mktemp("weeks"))
    shop.define("tea_or_rum", kind="bandit", unit="session", arms=ARMS)
    people = _people(np.random.default_rng(28))
    shop.add("fct_exposure", _exposures(people))
    shop.add("fct_session", _visits(people))
    shop.add("fct_outcome", _did(people))
    return Weeks(shop, people, analyse(shop.project, AS_OF)[0])


def _people(draw: np.random.Generator) -> pd.DataFrame:
    segment = np.arange(PEOPLE) % 2 + 1
    arm = [draw.choice(list(ROWS[s]), p=list(ROWS[s].values())) for s in segment]
    hours = np.where(segment == 1, draw.integers(0, 40, PEOPLE), draw.integers(0, 48, PEOPLE) * 24)
    is_rum = np.array(arm) == "rum"
    comes_back = draw.random(PEOPLE) < 0.8 - GONE * is_rum
    visits = draw.poisson(np.array([USUAL_VISITS[s] for s in segment]) - FEWER * is_rum)
    return pd.DataFrame({
        "customer": [f"c{n}" for n in range(PEOPLE)], "segment": segment, "arm": arm,
        "first": [START + timedelta(hours=int(h)) for h in hours], "visits": visits, "comes_back": comes_back,
        "clicks": draw.poisson(0.7, PEOPLE), "orders": draw.random(PEOPLE) < 0.3,
    })  # fmt: skip


def _exposures(people: pd.DataFrame) -> pd.DataFrame:
    first = pd.DataFrame({
        "experiment": "tea_or_rum", "experiment_version": 1, "unit_type": "session", "traffic": "live",
        "customer_id": people["customer"], "unit_id": "s-" + people["customer"],
        "session_id": "s-" + people["customer"], "personalization_id": "p-" + people["customer"],
        "arm": people["arm"], "shown_at": people["first"], "table_version": "t1", "segment_id": people["segment"],
        "propensity": [ROWS[s][a] for s, a in zip(people["segment"], people["arm"], strict=True)],
        "probabilities": [json.dumps(ROWS[s]) for s in people["segment"]],
    })  # fmt: skip
    # A later visit draws anew; strangers cannot be followed. Neither changes who was explored on.
    again = first.assign(arm="rum", propensity=0.08, shown_at=people["first"] + timedelta(days=3))
    again[["unit_id", "session_id", "personalization_id"]] += "-again"
    strangers = first.head(50).assign(customer_id=None, arm="rum")
    strangers[["unit_id", "session_id", "personalization_id"]] += "-stranger"
    return pd.concat([first, again, strangers])


def _visits(people: pd.DataFrame) -> pd.DataFrame:
    """The visit of the exposure, those of the same day, and, of whom comes back, one a week later; one too late."""
    rows = []
    for one in people.itertuples():
        moments = [-timedelta(minutes=1), *(timedelta(hours=1 + n / 10) for n in range(one.visits))]
        moments += [timedelta(days=7)] if one.comes_back else []
        rows += [(one.customer, one.first + after) for after in [*moments, timedelta(days=28)]]
    frame = pd.DataFrame(rows, columns=["customer_id", "started_at"])
    names = [f"v{n}" for n in range(len(frame))]
    return frame.assign(session_id=names, ended_at=frame["started_at"], duration_ms=0, is_bounce=False, is_bot=False)


def _did(people: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for one in people.itertuples():
        rows += [(f"click:{one.customer}-{n}", "click", one.customer, one.first, False) for n in range(one.clicks)]
        if one.orders:
            rows.append((f"order:{one.customer}", "order", one.customer, one.first + timedelta(days=20), False))
        rows.append((f"before:{one.customer}", "order", one.customer, one.first - timedelta(hours=1), False))
        rows.append((f"refused:{one.customer}", "click", one.customer, one.first, True))
    return pd.DataFrame(rows, columns=["outcome_id", "kind", "customer_id", "occurred_at", "is_refused"])


def told(weeks: Weeks, name: str) -> Any:
    """The estimate of one figure."""
    return next(one.estimate for one in weeks.reading.aftermath if one.estimate.metric.name == name)


def by_hand(weeks: Weeks) -> pd.DataFrame:
    """People whose 28 days are over and who drew a learned arm, with what they did in those days."""
    people = weeks.people[weeks.people["arm"] != "plain"]
    people = people[people["first"] + timedelta(days=28) <= AS_OF.replace(tzinfo=None)]
    return people.assign(
        is_explored=people["arm"] == "rum", visits_28d=people["visits"] + people["comes_back"],
        clicks_28d=people["clicks"], came_back_28d=people["comes_back"], ordered_28d=people["orders"],
    ).astype({"came_back_28d": float, "ordered_28d": float})  # fmt: skip


@pytest.mark.parametrize("name", ["visits_28d", "clicks_28d", "came_back_28d", "ordered_28d"])
def test_the_difference_is_that_within_each_row_of_probabilities(weeks: Weeks, name: str) -> None:
    """Post-stratified by hand: the difference of means within each segment, weighted by its people."""
    people = by_hand(weeks)
    estimate = told(weeks, name)
    assert estimate.effect.n == len(people)
    mean = people.groupby(["segment", "is_explored"])[name].mean().unstack()
    weight = people.groupby("segment").size() / len(people)
    within = ((mean[True] - mean[False]) * weight).sum()
    assert estimate.effect.estimate == pytest.approx(within, abs=0.5 * estimate.effect.standard_error)
    spread = people.groupby(["segment", "is_explored"])[name].agg(["var", "size"])
    parts = (spread["var"] / spread["size"]).groupby("segment").sum()
    by_strata = float(np.sqrt((parts * weight**2).sum()))
    assert 0.95 < estimate.effect.standard_error / by_strata < 1.3, "honest, and not much wider than it need be"


def test_what_was_planted_is_found_where_plain_means_say_the_opposite(weeks: Weeks) -> None:
    people = by_hand(weeks)
    plain_means = people.groupby("is_explored")["visits_28d"].mean()
    assert plain_means[True] - plain_means[False] > 1, "who is explored on more often came more often anyway"
    visits, back = told(weeks, "visits_28d").effect, told(weeks, "came_back_28d").effect
    for effect, planted in ((visits, -(FEWER + GONE)), (back, -GONE)):
        assert abs(effect.estimate - planted) < 3.3 * effect.standard_error
        assert effect.interval.high < 0
    for name in ("clicks_28d", "ordered_28d"):
        assert told(weeks, name).effect.interval.low < 0 < told(weeks, name).effect.interval.high
    p = sorted((one.estimate.effect.p_value, one.p_adjusted) for one in weeks.reading.aftermath if one.days == 28)
    stepped = np.maximum.accumulate([(4 - rank) * chance for rank, (chance, _) in enumerate(p)])
    assert [corrected for _, corrected in p] == pytest.approx(np.minimum(stepped, 1))


def test_ninety_days_are_not_told_before_they_are_over(weeks: Weeks) -> None:
    refused = {one.estimate.metric.name: one.estimate.refused for one in weeks.reading.aftermath if one.days == 90}
    assert set(refused) == {"visits_90d", "clicks_90d", "came_back_90d", "ordered_90d"}
    words = (
        "not yet: 90 days are over for 0 explored and 0 best known; 30 of each are needed (of the first on 2026-05-30)"
    )
    assert set(refused.values()) == {words}
    rows = weeks.shop.frame(
        "select metric, n, difference, notes from ml.experiment_result where role = 'exploration' order by metric"
    )
    assert len(rows) == 8
    assert rows.set_index("metric").loc["visits_90d", ["n", "difference"]].isna().all()
    assert (weeks.shop.project.paths.data_docs / "experiments" / "tea_or_rum.html").read_text().count(
        "not yet: 90"
    ) == 4


def test_who_drew_the_plain_arm_or_from_a_row_without_a_leader_is_in_neither_group() -> None:
    row = json.dumps({"plain": 0.2, "a": 0.6, "b": 0.15, "c": 0.05})
    even = json.dumps({"plain": 0.2, "a": 0.4, "b": 0.4})
    first = pd.DataFrame({
        "arm": ["a", "b", "c", "plain", "holdout", "a", "a", "d"],
        "probabilities": [row, row, row, row, row, even, "", row],
    })  # fmt: skip
    found = groups(first, "plain")
    assert found["arm"].to_dict() == {0: BEST, 1: EXPLORED, 2: EXPLORED}
    assert found["propensity"].tolist() == pytest.approx([0.75, 0.25, 0.25])
