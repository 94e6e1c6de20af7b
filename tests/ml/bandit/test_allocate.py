"""What must hold of the shares that are published."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ml.bandit import BanditSettings, allocate, probability_best_beta
from tests.ml.bandit.rows import AS_OF, NO_DELAY, QUICK, allocated, arms, history, row, shares

RATES = {"a": 0.02, "b": 0.03, "c": 0.05}
STATS = history(RATES)


def test_shares_sum_to_one_keep_the_floor_and_favour_the_best() -> None:
    found = allocated(STATS, "a", "b", "c")
    cells = found.groupby(["segment_id", "context_bucket"])
    assert len(cells) == 5
    assert cells["probability"].sum().to_numpy() == pytest.approx(np.ones(5), abs=1e-12)
    assert cells["weight"].sum().to_numpy() == pytest.approx(np.ones(5), abs=1e-12)
    assert found["probability"].min() >= 0.10 / 3 - 1e-12
    assert found["probability"].to_numpy() == pytest.approx(0.10 / 3 + 0.9 * found["weight"].to_numpy())
    assert shares(found)["c"] > 0.9


def test_neither_the_order_of_rows_nor_of_arms_matters() -> None:
    mixed = STATS.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(allocated(STATS, "a", "b", "c"), allocated(mixed, "c", "a", "b"))


def test_an_hour_in_two_rows_is_the_same_hour() -> None:
    halves = pd.concat([STATS.assign(**_halved(STATS, 0)), STATS.assign(**_halved(STATS, 1))])
    one, two = allocated(STATS, "a", "b", "c"), allocated(halves, "a", "b", "c")
    assert two["probability"].to_numpy() == pytest.approx(one["probability"].to_numpy(), abs=1e-9)


def _halved(stats: pd.DataFrame, which: int) -> dict[str, pd.Series]:
    names = ("exposures", "conversions", "revenue_micros", "margin_micros", "margin_cents_squared")
    return {name: stats[name] // 2 if which == 0 else stats[name] - stats[name] // 2 for name in names}


def test_less_is_better_is_the_mirror_of_two_arms() -> None:
    stats = history({"a": 0.030, "b": 0.032}, hours=12)
    more = BanditSettings(metric="conversion", draws=400)
    less = BanditSettings(metric="conversion", draws=400, lower_is_better=True)
    best, least = (allocated(stats, "a", "b", settings=each) for each in (more, less))
    assert least["weight"].to_numpy() == pytest.approx(1.0 - best["weight"].to_numpy(), abs=1e-12)


def test_unpooled_rates_are_exact() -> None:
    stats = pd.DataFrame([row("a", 1000, 30), row("b", 1000, 45)])
    settings = BanditSettings(metric="conversion", pooling=False)
    found = allocated(stats, "a", "b", settings=settings)
    exact = probability_best_beta([31, 46], [971, 956])
    assert list(shares(found, 0, column="weight").values()) == pytest.approx(exact, abs=1e-9)
    assert set(found["basis"]) == {"beta, exact"}
    mirrored = allocated(stats, "a", "b", settings=BanditSettings("conversion", lower_is_better=True, pooling=False))
    assert list(shares(mirrored, 0, column="weight").values()) == pytest.approx(exact[::-1], abs=1e-9)


def test_pooled_rates_of_one_cell_are_near_the_exact_ones() -> None:
    """The prior that effects are small moves a share by a few hundredths at most here."""
    stats = pd.DataFrame([row("a", 10_000, 300), row("b", 10_000, 345)])
    found = allocated(stats, "a", "b", settings=BanditSettings(metric="conversion", draws=20_000))
    exact = probability_best_beta([301, 346], [9701, 9656])
    assert shares(found, 0, column="weight")["b"] == pytest.approx(exact[1], abs=0.04)


def test_margin_counts_and_not_conversions() -> None:
    """The arm that converts a third better gives half of each order away."""
    stats = pd.DataFrame(
        [
            row("plainly", 50_000, 1500),
            row("cheap", 50_000, 2000, margin_micros=10_000_000_000, margin_cents_squared=625_000_000),
        ]
    )
    assert shares(allocated(stats, "plainly", "cheap"))["plainly"] > 0.9
    by_rate = allocated(stats, "plainly", "cheap", settings=BanditSettings(metric="conversion", draws=400))
    assert shares(by_rate)["cheap"] > 0.9


def test_known_costs_of_an_impression_are_taken_off() -> None:
    stats = pd.DataFrame([row("a", 50_000, 1500), row("b", 50_000, 1700)])
    found = allocated(stats, "a", "b", exposure_cost_micros=[0, 300_000])
    assert shares(allocated(stats, "a", "b"))["b"] > 0.9
    assert shares(found)["a"] > 0.9


def test_lifetime_value_can_outweigh_the_margin_of_today() -> None:
    stats = pd.DataFrame(
        [row("calm", 1000, 30, age, ltv_change_micros=age * 1_000_000) for age in range(1, 40)]
        + [row("loud", 1000, 45, age, ltv_change_micros=-600_000_000 + age * 1_000_000) for age in range(1, 40)]
    )
    far = BanditSettings(weights={"margin": 1.0, "ltv_change": 1.0}, draws=400)
    assert shares(allocated(stats, "calm", "loud"))["loud"] > 0.9
    assert shares(allocated(stats, "calm", "loud", settings=far))["calm"] > 0.9


def test_exposures_too_young_for_a_lifetime_value_count_neither_for_nor_against_an_arm() -> None:
    """What is known of the old ones alone: an arm shown mostly in the last days looks no worse for it."""
    old = [row(arm, 1000, 30, age, ltv_change_micros=gain) for age in range(170, 210)
           for arm, gain in (("calm", (900 + age) * 1_000_000), ("loud", (600 + age) * 1_000_000))]  # fmt: skip
    young = [row("calm", 9000, 270, age) for age in range(1, 100)]
    settings = BanditSettings(metric="ltv_change", draws=400, value_hours=168)
    known = shares(allocated(pd.DataFrame(old), "calm", "loud", settings=settings), 0, column="weight")
    both = shares(allocated(pd.DataFrame(old + young), "calm", "loud", settings=settings), 0, column="weight")
    assert both == pytest.approx(known)
    assert both["calm"] > 0.9
    at_once = BanditSettings(metric="ltv_change", draws=400)
    assert (
        shares(allocated(pd.DataFrame(old + young), "calm", "loud", settings=at_once), 0, column="weight")["loud"] > 0.9
    )
    only_young = allocated(pd.DataFrame(young), "calm", "loud", settings=settings)
    assert only_young["basis"].str.startswith("uniform: ").all()


def test_complaints_can_cost_more_than_an_arm_earns() -> None:
    stats = pd.DataFrame([row("a", 50_000, 1500, complaints=5), row("b", 50_000, 1700, complaints=500)])
    weighed = BanditSettings(weights={"margin": 1.0, "complaint": -20.0}, draws=400)
    assert shares(allocated(stats, "a", "b", settings=weighed))["a"] > 0.9


@pytest.mark.parametrize("weights", [{"complaint": -20.0, "margin": 1.0}, {"click": 0.001, "margin": 1.0}])
def test_evidence_of_money_is_conversions_whatever_is_weighed_beside_it(weights: dict[str, float]) -> None:
    calm = pd.DataFrame([row("a", 50_000, 1500, complaints=2), row("b", 50_000, 1900, complaints=3)])
    settings = BanditSettings(weights=weights, draws=400)
    assert shares(allocated(calm, "a", "b", settings=settings))["b"] > 0.9
    young = pd.DataFrame([row("a", 5_000, 0, clicks=900), row("b", 5_000, 1, clicks=900)])
    assert set(allocated(young, "a", "b", settings=settings)["basis"]) == {"uniform: 1 of 20 conversions"}


def test_where_everything_loses_the_least_loss_wins() -> None:
    stats = pd.DataFrame([row(arm, 50_000, n, margin_micros=-n * 10_000_000) for arm, n in (("a", 1500), ("b", 2000))])
    assert shares(allocated(stats, "a", "b"))["a"] > 0.9


@pytest.mark.parametrize("metric", ["margin", "revenue"])
@pytest.mark.parametrize("hours", [6, 48])
@pytest.mark.parametrize("spread", [0, 4_000_000])
def test_one_order_of_a_million_does_not_decide(metric: str, hours: int, spread: int) -> None:
    lucky = history(RATES, hours=hours, exposures=4_800 // hours)
    wobble = np.random.default_rng(5).integers(-spread, spread, len(lucky), endpoint=True) * lucky["conversions"]
    lucky[["margin_micros", "revenue_micros"]] += wobble.to_numpy()[:, None]
    at = lucky.index[(lucky["arm"] == "a") & (lucky["conversions"] > 0)][0]
    lucky.loc[at, ["margin_micros", "revenue_micros"]] += 10**12
    lucky.loc[at, "margin_cents_squared"] += 10**16
    settings = BanditSettings(metric=metric, draws=400, least_units=50, least_conversions=10)
    assert shares(allocated(lucky, "a", "b", "c", settings=settings))["c"] > 0.85


def test_a_new_version_is_judged_by_how_long_its_customers_usually_take() -> None:
    """Delays are counted over all versions: a day-old one must not take young exposures for hopeless ones."""

    def arrived(age: float) -> float:
        return 1.0 - math.exp(-age / 24.0)

    def hour(arm: str, exposures: int, rate: float, age: int, version: int) -> dict[str, object]:
        conversions = round(exposures * rate * arrived(age + 0.5))
        return row(arm, exposures, conversions, age + 1, experiment_version=version)

    before = [hour(arm, 6_000, 0.04, age, 1) for age in range(24, 24 * 60, 6) for arm in "ab"]
    # Arm a was shown lately and b before; b is better by an eighth.
    lately = [
        hour(arm, 9_000 if (age < 8) == (arm == "a") else 1_000, rate, age, 2)
        for age in range(24)
        for arm, rate in (("a", 0.04), ("b", 0.045))
    ]
    hours = np.arange(168)
    delay = pd.DataFrame(
        {
            "experiment": "hero",
            "delay_hour": hours,
            "conversions": np.round(100_000 * (np.exp(-hours / 24.0) - np.exp(-(hours + 1) / 24.0))),
        }
    )
    roster = arms("a", "b").assign(experiment_version=2)
    settings = BanditSettings(draws=400, metric="conversion")
    assert shares(allocate(pd.DataFrame(before + lately), delay, roster, settings, AS_OF))["b"] > 0.9


def test_nobody_exposed_yet_means_even_shares() -> None:
    found = allocated(STATS.iloc[:0], "a", "b", "c")
    assert shares(found) == pytest.approx(dict.fromkeys("abc", 1 / 3))
    assert found["basis"].str.startswith("uniform").all()
    assert (found["n"] == 0).all()


def test_shares_stay_even_until_there_is_evidence() -> None:
    stats = pd.DataFrame([row("a", 199, 30), row("b", 5000, 10)])
    found = allocated(stats, "a", "b", settings=BanditSettings())
    assert shares(found) == pytest.approx({"a": 0.5, "b": 0.5})
    assert set(found["basis"]) == {"uniform: arm a has 199 of 200 exposures"}
    three = pd.DataFrame([row("a", 5000, 30), row("b", 150, 10), row("c", 0, 0)])
    assert set(allocated(three, "a", "b", "c", settings=BanditSettings())["basis"]) == {
        "uniform: arm b has 150 of 200 exposures"
    }
    few = pd.DataFrame([row("a", 5000, 9), row("b", 5000, 10)])
    assert set(allocated(few, "a", "b", settings=BanditSettings())["basis"]) == {"uniform: 19 of 20 conversions"}


def test_an_added_arm_has_its_even_share_and_leaves_the_rest_as_learned() -> None:
    found = allocated(STATS, "a", "b", "c", "new")
    assert shares(found, column="weight")["new"] == pytest.approx(0.25)
    assert shares(found, column="weight")["c"] == pytest.approx(0.75, abs=0.02)
    assert found["basis"].str.endswith("new: new").all()


def test_paused_and_removed_arms_get_nothing() -> None:
    paused = allocated(STATS, "a", "b", "c", is_paused=[False, False, True])
    assert shares(paused)["c"] == 0.0
    assert sum(shares(paused).values()) == pytest.approx(1.0)
    removed = allocated(STATS, "a", "b")
    assert set(removed["arm"]) == {"a", "b"}
    assert shares(removed)["b"] > 0.85


def test_one_arm_left_takes_everything_and_none_publishes_nothing() -> None:
    found = allocated(STATS, "a", "b", "c", is_paused=[True, False, True])
    assert shares(found) == {"a": 0.0, "b": 1.0, "c": 0.0}
    assert allocated(STATS, "a", "b", is_paused=[True, True]).empty


def test_an_arm_outside_the_learner_keeps_its_share() -> None:
    found = allocated(STATS, "a", "b", "c", fixed_share=[0.2, None, None])
    assert shares(found)["a"] == pytest.approx(0.2)
    assert shares(found)["b"] + shares(found)["c"] == pytest.approx(0.8)
    assert shares(found)["b"] >= 0.8 * 0.05 - 1e-12


def test_cells_without_exposures_can_be_asked_for() -> None:
    asked = pd.DataFrame({"experiment": "hero", "experiment_version": 1, "segment_id": [7], "context_bucket": ["app"]})
    found = allocate(STATS, NO_DELAY, arms("a", "b", "c"), QUICK, AS_OF, asked)
    assert shares(found, 7, "app")["c"] > 0.6


def test_hours_that_are_missing_or_come_later_do_no_harm() -> None:
    gaps = STATS[STATS["hour"].dt.hour % 5 != 0]
    assert shares(allocated(gaps, "a", "b", "c"))["c"] > 0.9
    later = pd.concat([STATS, pd.DataFrame([row("a", 10_000, 9_000, age=-2)])])
    pd.testing.assert_frame_equal(allocated(later, "a", "b", "c"), allocated(STATS, "a", "b", "c"))


def test_nights_on_which_clocks_move_are_nights_like_others() -> None:
    """29 March 2026 has 23 hours in Berlin: hours told in its time, in UTC or without a zone are the same hours."""
    found = allocated(STATS, "a", "b", "c")
    for hour in (STATS["hour"].dt.tz_convert("Europe/Berlin"), STATS["hour"].dt.tz_localize(None)):
        pd.testing.assert_frame_equal(allocated(STATS.assign(hour=hour), "a", "b", "c"), found)


def test_young_exposures_are_not_held_against_an_arm() -> None:
    """Arm b was switched on within the last hours; it converts alike, but only one in eight has arrived."""
    old = [row("a", 1000, 40, age) for age in range(30, 80)]
    young = [row("b", 8000, 20, age=1)]
    delay = pd.DataFrame({"experiment": "hero", "delay_hour": [0, 12], "conversions": [250, 1750]})
    settings = BanditSettings(draws=2000, least_units=100, detect_changes=False, metric="conversion")
    stats = pd.DataFrame(old + young)
    weighed = allocate(stats, delay, arms("a", "b"), settings, AS_OF)
    assert shares(allocated(stats, "a", "b", settings=settings))["a"] > 0.9
    assert 0.15 < shares(weighed)["a"] < 0.85


def test_what_changed_is_noticed_and_told() -> None:
    before = history({"a": 0.02, "b": 0.06}, hours=240, exposures=60)
    after = history({"a": 0.06, "b": 0.02}, hours=72, exposures=60, seed=2)
    stats = pd.concat([before[before["hour"] < after["hour"].min()], after])
    found = allocated(stats, "a", "b")
    blind = allocated(stats, "a", "b", settings=BanditSettings(draws=400, detect_changes=False))
    assert shares(found)["a"] > 0.9
    assert shares(blind)["b"] > 0.9
    assert found["basis"].str.contains("changed 2026-03-2[67]").all()
    assert found["n"].max() < blind["n"].max()


def test_experiments_do_not_touch_each_other() -> None:
    other = STATS.assign(experiment="other", conversions=STATS["exposures"] - STATS["conversions"])
    both = allocate(
        pd.concat([STATS, other]),
        NO_DELAY,
        pd.concat([arms("a", "b", "c"), arms("a", "b", "c").assign(experiment="other")]),
        {"hero": QUICK, "other": BanditSettings(metric="conversion", draws=400)},
        AS_OF,
    )
    alone = allocated(STATS, "a", "b", "c")
    pd.testing.assert_frame_equal(both[both["experiment"] == "hero"].reset_index(drop=True), alone)


def test_decimals_and_missing_squares_of_a_warehouse() -> None:
    exact = STATS.assign(margin_cents_squared=[Decimal(value) for value in STATS["margin_cents_squared"]])
    pd.testing.assert_frame_equal(allocated(exact, "a", "b", "c"), allocated(STATS, "a", "b", "c"))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("exposures", -1, r"stats\.exposures is -1, but must be 0 or more"),
        ("margin_micros", np.nan, r"stats\.margin_micros is not a number in 1 rows"),
        ("arm", None, r"stats\.arm is empty in 1 rows"),
        ("hour", pd.NaT, r"stats\.hour is empty"),
    ],
)
def test_rows_that_cannot_be_are_named(column: str, value: object, said: str) -> None:
    wrong = pd.DataFrame([row("a", 100, 1) | {column: value}, row("b", 100, 1)])
    with pytest.raises(ValueError, match=said):
        allocated(wrong, "a", "b")


def test_wrong_tables_and_settings_are_named() -> None:
    with pytest.raises(ValueError, match="stats lacks clicks"):
        allocated(STATS.drop(columns="clicks"), "a", "b")
    with pytest.raises(ValueError, match="'a' twice"):
        allocated(STATS, "a", "a")
    with pytest.raises(ValueError, match="at most 1 together"):
        allocated(STATS, "a", "b", fixed_share=[0.7, 0.7])
    with pytest.raises(ValueError, match="settings has no 'hero'"):
        allocate(STATS, NO_DELAY, arms("a", "b"), {}, AS_OF)
    with pytest.raises(ValueError, match="must carry a time zone"):
        allocate(STATS, NO_DELAY, arms("a", "b"), QUICK, AS_OF.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("field", "value"),
    list(
        itertools.chain(
            zip(["floor"] * 3, [-0.1, 1.1, float("nan")], strict=True),
            [("metric", "joy"), ("weights", {"joy": 1}), ("weights", {"margin": 0}), ("draws", 1), ("pooling", False)],
        )
    ),
)
def test_settings_out_of_bounds_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        BanditSettings(**{field: value})
