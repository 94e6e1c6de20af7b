"""Experiments of every kind through the service, its log and the facts, counted again by hand."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from orchestration.experiments.analysis import analyse
from orchestration.experiments.assignment import note_shown
from orchestration.experiments.exploring import aftermath
from orchestration.experiments.reading import Reading
from serving.experiments.learned import ArmRow
from serving.snapshot.records import ProfileRecord
from tests.orchestration.experiments.lived_shop import EXPOSED_AFTER, LivedShop, Respond, Visit, told

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
AS_OF = BEGAN + timedelta(days=12)
WINDOW = timedelta(hours=72)
ACTIONS = ("small_white", "small_red", "big_white", "big_red")
TWO = {"plain": {"action": "small_white", "is_plain": True}, "treat": {"action": "big_red"}}
GRID = {
    name: {"action": name, "is_plain": name == "small_white", "levels": dict(zip(("size", "colour"), name.split("_"),
                                                                                 strict=True))}
    for name in ACTIONS
}  # fmt: skip
CUSTOMERS = [f"c{n:03d}" for n in range(500)]
ACCOUNT = {customer: f"firm{n % 100}" for n, customer in enumerate(CUSTOMERS)}
# Margin that an arm adds to an order of the visit it was seen in.
PLANTED = {"person": 5.0, "session": 6.0, "account": 8.0}
SIZE, COLOUR, BOTH = 5.0, 4.0, 8.0
ARMS = {"small_white": "plain", "big_red": "treat", "small_red": "other"}
ROW = {"plain": 0.2, "treat": 0.6, "other": 0.2}
DRAWN = ("person", "session", "account", "grid")


def experiment(name: str, placement: str, **fields: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": name, "hypothesis": "It earns more.", "kind": "ab", "placement": placement, "layer": name,
        "arms": TWO, "attribution_hours": 72, "owner": "tests", "status": "running",
        "metrics": {"primary": "incremental_profit", "secondary": ["orders_per_unit", "click_rate"]},
    }  # fmt: skip
    return base | fields


EXPERIMENTS = [
    experiment("person", "one", holdout=0.2),
    experiment("session", "two", unit="session"),
    experiment("account", "three", unit="account"),
    experiment("grid", "four", kind="multivariate", arms=GRID),
    experiment("ghost", "five", kind="shadow"),
    experiment("bandit", "six", kind="bandit", arms={**TWO, "other": {"action": "small_red"}}),
]
PLACE = {str(one["name"]): str(one["placement"]) for one in EXPERIMENTS}


class Lived(NamedTuple):
    """The shop, who came, what the service wrote down, what was read out, and the units as counted by hand."""

    shop: LivedShop
    visits: list[Visit]
    seen: list[Visit]
    log: pd.DataFrame
    readings: dict[str, Reading]
    by_hand: dict[str, pd.DataFrame]


def responses(draw: np.random.Generator) -> Respond:
    """What follows a visit: most buy, some of them days later, some send it back, some click."""

    def respond(number: int, visit: Visit, shown: dict[str, Any]) -> list[dict[str, Any]]:
        events = []
        one = shown["two"]["personalization_id"]
        if draw.random() < 0.3:
            events.append(told(visit, "click", "content_clicked", timedelta(minutes=1), personalization_id=one))
        if draw.random() < 0.9:
            margin = round(4 + _added(shown) + float(draw.normal(0, 2)), 2)
            order: dict[str, Any] = {"order_id": f"o{number}", "amount": 30 + margin, "currency": "EUR"}
            late = draw.random() < 0.25
            # Some come back days later, beyond the window; they name neither visit nor answer.
            after = timedelta(hours=float(draw.uniform(30, 110))) if late else timedelta(minutes=9)
            here = {} if late else {"session_id": visit.session_id, "personalization_id": one}
            events.append(
                told(visit, "order", "order_completed", after, properties={"margin_amount": margin}, **order, **here)
            )
            if draw.random() < 0.2:
                back = {**order, "properties": {"margin_amount": round(margin / 2, 2)}}
                events.append(told(visit, "back", "order_refunded", after + timedelta(hours=80), **back))
        return events

    return respond


def _added(shown: dict[str, Any]) -> float:
    added = sum(PLANTED[name] for name in PLANTED if shown[PLACE[name]]["action"] == "big_red")
    size, colour = shown[PLACE["grid"]]["action"].split("_")
    return added + SIZE * (size == "big") + COLOUR * (colour == "red") + BOTH * (size == "big" and colour == "red")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Twelve days of five experiments side by side, read out at the end."""
    draw = np.random.default_rng(20260302)
    shop = LivedShop(tmp_path_factory.mktemp("lived"), EXPERIMENTS, ACTIONS, BEGAN)
    shop.publish(
        [ProfileRecord(one, account_id=ACCOUNT[one], consent_personalization=True) for one in CUSTOMERS],
        [ArmRow("bandit", 1, -1, "any", arm, p, "t1") for arm, p in ROW.items()],
    )
    who = [*CUSTOMERS, *draw.choice(CUSTOMERS, 300)]
    hours = np.sort(draw.uniform(0, 24 * 11, len(who)))
    draw.shuffle(who)
    visits = [
        Visit(BEGAN + timedelta(hours=h), one, f"s{n}") for n, (h, one) in enumerate(zip(hours, who, strict=True))
    ]
    unseen = frozenset(int(n) for n in draw.choice(len(visits), 40, replace=False))
    shop.live(visits, responses(draw), AS_OF, unseen)
    shop.build(visits, CUSTOMERS, AS_OF)
    readings = {one.experiment: one for one in analyse(shop.project, AS_OF)}
    log = shop.logged()
    log["session_id"] = [context["session_id"] for context in log["context"]]
    seen = [visit for number, visit in enumerate(visits) if number not in unseen]
    counted = {name: by_hand(exposures(log, seen, name), shop.events, name) for name in DRAWN}
    return Lived(shop, visits, seen, log, readings, counted)


def exposures(log: pd.DataFrame, visits: list[Visit], name: str) -> pd.DataFrame:
    """What was seen of one experiment: the driver knows by whom and when, the service's log says what was drawn."""
    drawn = log.loc[log["placement"] == PLACE[name], ["session_id", "action", "traffic"]]
    rows = [(one.session_id, one.customer, one.at + EXPOSED_AFTER) for one in visits]
    seen = pd.DataFrame(rows, columns=["session_id", "customer", "shown_at"])
    seen = seen.merge(drawn, on="session_id", validate="1:1")
    arm = seen["action"] if name == "grid" else seen["action"].map(ARMS)
    unit = {"session": seen["session_id"], "account": seen["customer"].map(ACCOUNT)}.get(name, seen["customer"])
    return seen.assign(arm=arm.where(seen["traffic"] == "live", "holdout"), unit=unit)


def by_hand(seen: pd.DataFrame, events: list[dict[str, Any]], name: str) -> pd.DataFrame:
    """Each unit whose window is over, with its exposures in there and what its orders brought, refunds taken off."""
    assert (seen.groupby("unit")["arm"].nunique() == 1).all(), "a unit stays with the arm it drew"
    units = seen.groupby("unit").agg(arm=("arm", "first"), first=("shown_at", "min"))
    since = seen["shown_at"] - seen["unit"].map(units["first"])
    units["exposures"] = seen[since < WINDOW].groupby("unit").size()
    event = pd.DataFrame(events)
    event["at"] = pd.to_datetime(event["occurred_at"], format="ISO8601")
    event["margin"] = [p.get("margin_amount", 0) if isinstance(p, dict) else 0 for p in event["properties"]]
    event["customer"] = [pairs[0]["value"] for pairs in event["identifiers"]]
    event["unit"] = {"session": event["session_id"], "account": event["customer"].map(ACCOUNT)}.get(
        name, event["customer"]
    )
    if name == "account":
        event = event[event["customer"].isin(seen["customer"])]
    order = event[event["event_type"] == "order_completed"].join(units["first"], on="unit", how="inner")
    order = order[(order["at"] >= order["first"]) & (order["at"] < order["first"] + WINDOW)]
    back = event[event["event_type"] == "order_refunded"].drop(columns="unit").merge(order[["order_id", "unit"]])
    margin = order.groupby("unit")["margin"].sum().sub(back.groupby("unit")["margin"].sum(), fill_value=0)
    units["orders"] = order.groupby("unit").size().reindex(units.index).fillna(0)
    units["margin"] = margin.reindex(units.index).fillna(0).round(2)
    units["refunds"] = back.groupby("unit")["amount"].sum().reindex(units.index).fillna(0).round(2)
    return units[units["first"] + WINDOW <= pd.Timestamp(AS_OF)]


@pytest.mark.parametrize("name", DRAWN)
def test_units_exposures_orders_and_money_of_each_arm_are_those_of_a_count_by_hand(lived: Lived, name: str) -> None:
    sums = {column: (column, "sum") for column in ("exposures", "orders", "margin", "refunds")}
    found = lived.by_hand[name].groupby("arm").agg(units=("margin", "size"), **sums).astype(float).round(2)
    told = lived.shop.frame(
        "select arm, count(*)::double as units, sum(exposures)::double as exposures, sum(orders)::double as orders,"
        " sum(margin)::double as margin, sum(refunds)::double as refunds from ml.experiment_unit"
        f" where experiment = '{name}' and is_complete group by arm order by arm"
    ).set_index("arm")
    pd.testing.assert_frame_equal(told.round(2), found.sort_index(), check_index_type=False)
    counts = lived.readings[name].counts
    assert counts.by_arm == {arm: int(n) for arm, n in found["units"].items() if arm != "holdout"}
    assert (counts.waiting > 0, counts.excluded) == (name != "account", 0)


def capped(margin: pd.Series) -> pd.Series:
    """Amounts with the largest hundredth of those that are not 0 held at one bound."""
    given = np.sort(margin[margin != 0])
    return margin.clip(upper=float(given[int(np.floor(0.99 * (len(given) - 1)))]))


@pytest.mark.parametrize("name", list(PLANTED))
def test_what_was_planted_is_found_in_each_kind_of_unit(lived: Lived, name: str) -> None:
    compared = {one.estimate.metric.name: one.estimate for one in lived.readings[name].comparisons.arms}
    profit = compared["incremental_profit"].effect
    assert profit is not None
    units = lived.by_hand[name]
    bought = units.loc[units["arm"] == "treat", "orders"].mean()
    assert 0 < profit.interval.low < 0.92 * PLANTED[name] * bought < profit.interval.high
    if name != "session":
        assert profit.n == (units["arm"] != "holdout").sum()


def test_all_arms_are_compared_with_the_holdout_by_welch(lived: Lived) -> None:
    units = lived.by_hand["person"]
    margin, is_held = capped(units["margin"]), units["arm"] == "holdout"
    by_scipy = stats.ttest_ind(margin[~is_held], margin[is_held], equal_var=False)
    held = lived.readings["person"].comparisons.holdout[0].estimate.comparison
    assert held is not None
    assert (held.n_treatment, held.n_control) == ((~is_held).sum(), is_held.sum())
    assert held.treatment == pytest.approx(margin[~is_held].mean())
    assert held.absolute.p_value == pytest.approx(by_scipy.pvalue, rel=1e-6)


def test_visits_of_one_person_count_together_and_clicks_by_exposure(lived: Lived) -> None:
    """A person's sums are the sample: the mean a visit is a ratio of two of them (delta method, by hand)."""
    units = lived.by_hand["session"].copy()
    units["margin"] = capped(units["margin"])
    units["customer"] = units.index.map({one.session_id: one.customer for one in lived.visits})
    mean, variance = {}, {}
    for arm, rows in units.groupby("arm"):
        person = rows.groupby("customer")["margin"].agg(["sum", "size"])
        mean[arm] = person["sum"].sum() / person["size"].sum()
        left = (person["sum"] - mean[arm] * person["size"]) / person["size"].mean()
        variance[arm] = left.var(ddof=1) / len(person)
    profit = lived.readings["session"].comparisons.arms[0].estimate.effect
    assert profit is not None
    assert profit.estimate == pytest.approx(mean["treat"] - mean["plain"])
    assert profit.standard_error == pytest.approx(np.sqrt(variance["treat"] + variance["plain"]), rel=5e-3)
    clicked = {str(one["event_id"]).removeprefix("click-") for one in lived.shop.events if "click-" in one["event_id"]}
    clicks = pd.Series(units.index.isin(clicked), units.index)
    rate = clicks.groupby(units["arm"]).sum() / units.groupby("arm")["exposures"].sum()
    told = lived.shop.frame(
        "select mean_arm, mean_plain from ml.experiment_result where experiment = 'session' and metric = 'click_rate'"
    )
    assert told.iloc[0].tolist() == pytest.approx([rate["treat"], rate["plain"]])


def test_main_effects_and_the_interaction_are_those_of_cell_means_with_holm_over_all(lived: Lived) -> None:
    units = lived.by_hand["grid"]
    cells = capped(units["margin"]).groupby(units["arm"]).agg(["mean", "var", "size"])
    signs = {
        "size: big": [(-1, "small_white"), (-1, "small_red"), (1, "big_white"), (1, "big_red")],
        "colour: red": [(-1, "small_white"), (1, "small_red"), (-1, "big_white"), (1, "big_red")],
        "size: big x colour: red": [(1, "small_white"), (-1, "small_red"), (-1, "big_white"), (1, "big_red")],
    }
    expected, p = {}, {}
    for effect, grid in signs.items():
        weight = 1.0 if " x " in effect else 0.5
        expected[effect] = sum(weight * sign * cells.loc[cell, "mean"] for sign, cell in grid)
        parts = weight**2 * cells["var"] / cells["size"]
        freedom = parts.sum() ** 2 / (parts**2 / (cells["size"] - 1)).sum()
        p[effect] = 2 * stats.t.sf(abs(expected[effect]) / np.sqrt(parts.sum()), freedom)
    told = lived.shop.frame(
        "select arm, difference, difference_low, difference_high, p_value, p_adjusted from ml.experiment_result"
        " where experiment = 'grid' and role = 'factor'"
    ).set_index("arm")
    assert set(told.index) == set(expected)
    assert told["difference"].to_dict() == pytest.approx(expected)
    assert told["p_value"].to_dict() == pytest.approx(p, rel=1e-6)
    by_size = sorted(p, key=lambda effect: p[effect])
    stepped = np.maximum.accumulate([(3 - rank) * p[effect] for rank, effect in enumerate(by_size)])
    assert told.loc[by_size, "p_adjusted"].tolist() == pytest.approx(list(stepped), rel=1e-6)
    bought = 0.92 * units["orders"].mean()
    planted = {"size: big": SIZE + BOTH / 2, "colour: red": COLOUR + BOTH / 2, "size: big x colour: red": BOTH}
    for effect, size in planted.items():
        assert max(told.loc[effect, "difference_low"], 0) < size * bought < told.loc[effect, "difference_high"]


def test_a_shadow_is_counted_by_every_decision_of_its_place_and_shown_to_nobody(lived: Lived) -> None:
    log = lived.log[lived.log["placement"] == PLACE["ghost"]]
    found = Counter((shadow["ghost/1"], action) for shadow, action in zip(log["shadow"], log["action"], strict=True))
    reading = lived.readings["ghost"]
    told = {one.arm: (one.decisions, one.same) for one in reading.shadow}
    decisions = {arm: sum(n for (a, _), n in found.items() if a == arm) for arm in ("plain", "treat")}
    assert told == {arm: (n, found[arm, TWO[arm]["action"]]) for arm, n in decisions.items()}
    assert sum(decisions.values()) == len(lived.visits)
    assert stats.binomtest(decisions["treat"], len(lived.visits), 0.5).pvalue > 0.001
    assert set(log["action"]) == {"small_white"}, "nobody sees what a shadow chose"
    assert reading.counts.by_arm == {}


def test_whom_the_service_explored_on_is_followed_for_28_days(lived: Lived) -> None:
    moment = pd.Timestamp(AS_OF).tz_localize(None) + pd.Timedelta(days=28)
    with lived.shop.connect() as connection:
        note_shown(connection, moment)
        found = {one.estimate.metric.name: one.estimate
                 for one in aftermath(connection, lived.readings["bandit"].design, moment)}  # fmt: skip
    first = exposures(lived.log, lived.seen, "bandit").sort_values("shown_at").groupby("customer").first()
    first = first[first["action"] != "small_white"]
    event = pd.DataFrame(lived.shop.events)
    event["customer"] = [pairs[0]["value"] for pairs in event["identifiers"]]
    event = event.join(first["shown_at"], on="customer", how="inner")
    event = event[pd.to_datetime(event["occurred_at"], format="ISO8601") >= event["shown_at"]]
    visit = pd.DataFrame([(one.customer, one.at) for one in lived.visits], columns=["customer", "at"])
    visit = visit.join(first["shown_at"], on="customer", how="inner")
    bought = event[event["event_type"] == "order_completed"].groupby("customer").size().reindex(first.index).notna()
    explored = bought[first["action"] == "small_red"]
    few = f"{explored.sum()} of {len(explored)} explored ordered in 28 days; 5 that did and did not are needed"
    assert found["ordered_28d"].refused == few, "nearly everybody orders here"
    by_person = {
        "clicks_28d": event[event["event_type"] == "content_clicked"].groupby("customer").size(),
        "visits_28d": visit[visit["at"] > visit["shown_at"]].groupby("customer").size(),
        "came_back_28d": visit[visit["at"] >= visit["shown_at"] + timedelta(days=1)].groupby("customer").size().clip(
            upper=1
        ),
    }  # fmt: skip
    for name, counted in by_person.items():
        mean = counted.reindex(first.index).fillna(0).groupby(first["action"]).mean()
        told_of = found[name].comparison
        assert told_of is not None, found[name].refused
        assert told_of.absolute.n == len(first)
        near = 0.5 * told_of.absolute.standard_error
        assert told_of.absolute.estimate == pytest.approx(mean["small_red"] - mean["big_red"], abs=near)
    assert all("not yet: 90 days" in one.refused for name, one in found.items() if name.endswith("_90d"))
    assert stats.binomtest((first["action"] == "small_red").sum(), len(first), 0.25).pvalue > 0.001
