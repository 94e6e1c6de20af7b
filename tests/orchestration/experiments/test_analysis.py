"""Experiments from exposures to verdicts: a planted winner is shipped, a null is not, what is broken is not trusted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from intake.ops_experiments import ExperimentBook, ExperimentEvent
from intake.ops_store import OpsStore
from orchestration.experiments.analysis import NotBuiltError, analyse
from orchestration.experiments.life import Step, StepRefusedError, ship, start, stop
from orchestration.experiments.reading import Reading
from tests.orchestration.experiments.played_shop import START, Shop


def at(days: float) -> datetime:
    """A moment after the start of the shop's experiments (aware UTC)."""
    return (START + timedelta(days=days)).replace(tzinfo=UTC)


def one(readings: list[Reading], name: str) -> Reading:
    """The reading of one experiment."""
    return next(reading for reading in readings if reading.experiment == name)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, list[Reading]]:
    """A winner, a null, two harmful ones, a broken split and one with people in two arms, read out at the end."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    for name in ("winner", "null", "harmful", "poison", "broken", "torn"):
        shop.define(name, **({"hypothesis": "<script>alert(1)</script>"} if name == "null" else {}))
    for name in ("harmful", "poison"):
        shop.define(name, traffic=0.1)
    shop.play("winner", lift=0.5, seed=1)
    shop.play("null", seed=2)
    shop.play("harmful", seed=3, complaints={"treat": 0.20})
    shop.play("poison", units=800, lift=0.9, seed=10, complaints={"plain": 0.0, "treat": 0.20})
    shop.play("broken", seed=4, split=0.4)
    seen = shop.play("torn", seed=5).head(60)
    other = seen["arm"].map({"plain": "treat", "treat": "plain"})
    again = seen.assign(arm=other, shown_at=seen["shown_at"] + timedelta(hours=1))
    again["personalization_id"] = "again-" + again["personalization_id"]
    shop.add("fct_exposure", again.drop(columns=["bought", "amount", "taste"]))
    return shop, analyse(shop.project, at(24))


def test_a_planted_winner_is_shipped_and_a_null_is_not(played: tuple[Shop, list[Reading]]) -> None:
    _, readings = played
    assert (one(readings, "winner").verdict, one(readings, "winner").arm) == ("ship", "treat")
    assert one(readings, "null").verdict == "no difference"
    assert "do not ship" in one(readings, "null").words


def test_complaints_stop_and_a_broken_split_or_torn_people_are_not_trusted(
    played: tuple[Shop, list[Reading]],
) -> None:
    shop, readings = played
    assert one(readings, "harmful").verdict == "stop"
    # It earns more, and the plain arm has nobody at all who complains.
    assert (one(readings, "poison").verdict, one(readings, "poison").arm) == ("stop", "treat")
    assert [look.crossed for look in one(readings, "poison").looks] == ["better"]
    for name, word in (("broken", "sample ratio"), ("torn", "identities")):
        reading = one(readings, name)
        assert reading.verdict == "do not trust"
        assert [check.name for check in reading.checks if not check.is_ok] == [word]
    assert shop.execute("select conflicts, units from ml.identity_conflict where experiment = 'torn'") == [(60, 2000)]
    standing = {alert.cause for alert in OpsStore(shop.project.paths).standing_alerts("experiment:")}
    assert {"experiment:identities:torn/1", "experiment:sample_ratio:broken/1", "experiment:harm:harmful/1"} <= standing


def test_conversion_agrees_with_a_count_by_hand(played: tuple[Shop, list[Reading]]) -> None:
    shop, _ = played
    rows = shop.execute(
        "select arm, count(*), sum(case when orders > 0 then 1 else 0 end), sum(margin), sum(pre_revenue)"
        " from ml.experiment_unit where experiment = 'null' group by arm order by arm"
    )
    by_hand = shop.execute(
        "select e.arm, count(*), count(o.outcome_id), sum(o.margin_amount), sum(b.order_amount)"
        " from marts.fct_exposure e left join marts.fct_outcome o on o.order_id = 'o-' || e.customer_id"
        " left join marts.fct_order b on b.customer_id = e.customer_id"
        " where e.experiment = 'null' group by e.arm order by e.arm"
    )
    assert rows == by_hand


def test_the_result_rows_agree_with_a_regression_on_the_units(played: tuple[Shop, list[Reading]]) -> None:
    """CUPED with one pooled slope against the residuals of that slope and Welch's test in scipy."""
    shop, _ = played
    units = shop.frame("select arm, margin, pre_revenue from ml.experiment_unit where experiment = 'winner'")
    y, x = units["margin"].astype(float), units["pre_revenue"].astype(float)
    paid = np.sort(y[y > 0])
    y = y.clip(upper=paid[int(np.floor(0.99 * (len(paid) - 1)))])
    told = shop.execute(
        "select difference, difference_low, difference_high from ml.experiment_result"
        " where experiment = 'winner' and metric = 'incremental_profit' and role = 'primary'"
    )[0]
    slope = np.cov(x, y)[0, 1] / x.var(ddof=1)
    left = y - slope * x
    treat, plain = left[units["arm"] == "treat"], left[units["arm"] == "plain"]
    test = stats.ttest_ind(treat, plain, equal_var=False)
    interval = test.confidence_interval()
    assert told == pytest.approx((treat.mean() - plain.mean(), interval.low, interval.high), rel=2e-3)


def test_a_look_is_taken_once_and_reading_again_changes_nothing(played: tuple[Shop, list[Reading]]) -> None:
    shop, _ = played
    book = ExperimentBook(shop.project.paths)
    before, rows = book.looks("winner", 1), shop.execute("select * from ml.experiment_result order by all")
    assert [look.is_final for look in before] == [True]
    analyse(shop.project, at(24))
    assert book.looks("winner", 1) == before
    assert shop.execute("select * from ml.experiment_result order by all") == rows


def test_the_page_says_it_in_words_without_scripts_or_network(played: tuple[Shop, list[Reading]]) -> None:
    shop, _ = played
    folder = shop.project.paths.data_docs / "experiments"
    text = (folder / "null.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text
    assert "http" not in text
    assert "Ship treat" in (folder / "winner.html").read_text()
    assert "<svg" in (folder / "winner.html").read_text()
    assert "winner.html" in (folder / "index.html").read_text()
    assert "null/1 runs with 20% of its layer." in text


def test_only_what_the_read_out_says_is_shipped(played: tuple[Shop, list[Reading]]) -> None:
    shop, _ = played
    step = Step("anna", "the numbers", at(24))
    with pytest.raises(StepRefusedError, match="do not ship"):
        ship(shop.project, "null", "treat", step)
    with pytest.raises(ValueError, match="no arm 'teal'; there are: plain, treat"):
        ship(shop.project, "winner", "teal", step)
    assert ship(shop.project, "winner", "treat", step).evidence["verdict"] == "ship"
    with pytest.raises(StepRefusedError, match="ended already"):
        stop(shop.project, "winner", step)


def test_a_stop_resolves_what_was_told_of_the_experiment_and_nothing_else(played: tuple[Shop, list[Reading]]) -> None:
    shop, _ = played
    ops = OpsStore(shop.project.paths)
    for cause in ("pause:arm:harmful/1/treat:guard_rail", "pause:arm:harmful/10/treat:guard_rail"):
        ops.open_alert(cause, severity="critical", title="an arm harms", at=at(24))
    harm = next(alert for alert in ops.standing_alerts("experiment:") if alert.cause == "experiment:harm:harmful/1")
    stop(shop.project, "harmful", Step("anna", "people complain", at(25)))
    notes = ops.alert_notes(harm.alert_id)
    assert notes[-1].note == "harmful/1 was stopped by anna on 2026-03-26: people complain"
    analyse(shop.project, at(26))
    standing = {alert.cause for family in ("experiment:", "pause:") for alert in ops.standing_alerts(family)}
    assert {cause for cause in standing if "harmful" in cause} == {"pause:arm:harmful/10/treat:guard_rail"}
    assert "experiment:harm:poison/1" in standing
    page = (shop.project.paths.data_docs / "experiments" / "harmful.html").read_text()
    assert "harmful/1 was stopped by anna on 2026-03-26: people complain." in page


def test_weekly_looks_go_on_until_the_evidence_is_there_and_a_ramp_moves_when_all_is_green(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.define(
        "slow", status="draft", ramp=[{"share": 0.1, "days": 3}, {"share": 0.5, "days": 100}, {"share": 1, "days": 1}]
    )
    start(shop.project, "slow", Step("anna", "go", at(0)))
    with pytest.raises(StepRefusedError, match="runs already"):
        start(shop.project, "slow", Step("anna", "go", at(0)))
    readings = analyse(shop.project, at(1))
    assert "Nobody was exposed yet" in readings[0].words
    shop.play("slow", units=1500, days=21, seed=6)
    for day in (3.5, 8, 15):
        analyse(shop.project, at(day))
    book = ExperimentBook(shop.project.paths)
    looks = book.looks("slow", 1)
    assert [look.look for look in looks] == [1, 2]
    assert [look.information for look in looks] == sorted(look.information for look in looks)
    steps = [(event.kind, event.share) for event in book.experiment_events("slow")]
    assert steps == [("start", pytest.approx(0.02)), ("ramp", pytest.approx(0.1))]


def test_a_ramp_holds_once_with_its_reason(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.define("slow", ramp=[{"share": 0.1, "days": 3}, {"share": 1, "days": 1}], starts_at=at(0).isoformat())
    shop.play("slow", units=600, days=3, split=0.3, seed=7)
    for day in (4, 5):
        analyse(shop.project, at(day))
    events = ExperimentBook(shop.project.paths).experiment_events("slow")
    assert [event.kind for event in events] == ["hold"]
    assert "stays at 2%" in events[0].reason


def test_what_held_a_ramp_holds_it_no_longer_than_it_lasts(tmp_path: Path) -> None:
    """A lost day is made up for by a later one, also where nobody new comes; without any exposure it holds again."""
    shop = Shop(tmp_path)
    # The share in force, 2 %, is that of a step which the file has no more.
    shop.define("slow", ramp=[{"share": 0.05, "days": 3}, {"share": 0.5, "days": 3}, {"share": 1, "days": 3}])
    first = ExperimentEvent("slow", 1, "ramp", at(0), "daily run", "", 0.02)
    ExperimentBook(shop.project.paths).record_experiment_event(first)
    seen = shop.play("slow", units=300, days=2, seed=7).drop(columns=["bought", "amount", "taste"])
    # They come again every day but the third (3 March), until the eighth.
    again = [
        seen.assign(
            shown_at=seen["shown_at"] + timedelta(days=n), personalization_id=f"{n}" + seen["personalization_id"]
        )
        for n in (3, 4, 5, 6)
    ]
    shop.add("fct_exposure", pd.concat(again))
    shop.execute("delete from marts.fct_exposure where shown_at::date = date '2026-03-03'")
    for day in (3.1, 4.1, 12):
        analyse(shop.project, at(day))
    events = ExperimentBook(shop.project.paths).experiment_events("slow")[1:]
    assert [(event.kind, event.share) for event in events] == [("hold", None), ("ramp", 0.1), ("hold", None)]
    assert "it was seen on 2 of 3 days: others had no exposure" in events[0].reason
    assert "nobody was exposed since 2026-03-09" in events[2].reason


def test_one_arm_alone_a_lost_day_and_an_order_of_a_million_are_told(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.define("lonely")
    shop.define("rich")
    shop.play("lonely", units=400, split=0.0, seed=8)
    exposures = shop.play("rich", units=800, seed=9)
    first = exposures[exposures["bought"]].iloc[0]["customer_id"]
    shop.execute(f"update marts.fct_outcome set margin_amount = 1000000 where order_id = 'o-{first}'")
    shop.execute("delete from marts.fct_exposure where experiment = 'rich' and shown_at::date = date '2026-03-10'")
    readings = analyse(shop.project, at(24))
    assert "every unit is in arm 'plain'" in one(readings, "lonely").words
    rich = one(readings, "rich")
    assert "no exposure on 1 days (2026-03-10)" in rich.health
    assert any("furthest at 1e+06" in note for note in rich.notes)
    assert rich.verdict == "keep running"


def test_tables_that_are_not_there_are_named(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.execute("drop table marts.fct_outcome")
    with pytest.raises(NotBuiltError, match="fct_outcome is not there yet; build the tables"):
        analyse(shop.project, at(1))


def test_what_came_before_the_exposure_or_after_the_window_does_not_count(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.define("edge")
    shop.add("fct_exposure", pd.DataFrame({
        "experiment": "edge", "experiment_version": 1, "unit_type": "person", "unit_id": ["a"], "customer_id": ["a"],
        "traffic": "live", "arm": "plain", "shown_at": [START], "personalization_id": ["p"], "propensity": 0.5,
    }))  # fmt: skip
    hours = {"before": -1, "at_once": 0, "inside": 71, "after": 72}
    shop.add("fct_outcome", pd.DataFrame({
        "outcome_id": list(hours), "kind": "order", "customer_id": "a", "order_id": list(hours),
        "occurred_at": [START + timedelta(hours=hour) for hour in hours.values()],
        "revenue_amount": [1.0, 10.0, 100.0, 1000.0], "margin_amount": [0.1, 1.0, 10.0, 100.0],
    }))  # fmt: skip
    shop.add("fct_outcome", pd.DataFrame({
        "outcome_id": ["back"], "kind": "refund", "customer_id": "a", "order_id": "inside",
        "occurred_at": [START + timedelta(days=9)], "revenue_amount": [-50.0], "margin_basis": "order",
    }))  # fmt: skip
    analyse(shop.project, at(20))
    assert shop.execute(
        "select orders, cast(revenue as double), cast(margin as double), cast(refunds as double)"
        " from ml.experiment_unit"
    ) == [(2, 110.0, 6.0, 50.0)]
    # A report stands for the orders; what came back of them is still taken off.
    shop.add("fct_outcome", pd.DataFrame({
        "outcome_id": ["told"], "kind": "report", "customer_id": "a", "personalization_id": "p", "is_converted": True,
        "occurred_at": [START + timedelta(hours=70)], "revenue_amount": [90.0], "margin_amount": [8.0],
    }))  # fmt: skip
    analyse(shop.project, at(20))
    assert shop.execute("select cast(revenue as double), cast(margin as double) from ml.experiment_unit") == [
        (90.0, 3.0)
    ]


def test_clicks_are_of_the_exposures_that_they_are_divided_by(tmp_path: Path) -> None:
    """Three exposures within the window, one clicked; neither later ones nor what else the customer clicked counts."""
    shop = Shop(tmp_path)
    shop.define("edge")
    hours = {"first": 0, "second": 5, "third": 71, "late": 72}
    shop.add("fct_exposure", pd.DataFrame({
        "experiment": "edge", "experiment_version": 1, "unit_type": "person", "unit_id": "a", "customer_id": "a",
        "traffic": "live", "arm": "plain", "propensity": 0.5, "personalization_id": list(hours),
        "shown_at": [START + timedelta(hours=hour) for hour in hours.values()],
    }))  # fmt: skip
    clicked = {"second": 6, "elsewhere": 7, "third": 80, "late": 73}
    shop.add("fct_outcome", pd.DataFrame({
        "outcome_id": list(clicked), "kind": "click", "customer_id": "a", "personalization_id": list(clicked),
        "occurred_at": [START + timedelta(hours=hour) for hour in clicked.values()],
    }))  # fmt: skip
    analyse(shop.project, at(20))
    assert shop.execute("select exposures, clicks from ml.experiment_unit") == [(3, 1)]
