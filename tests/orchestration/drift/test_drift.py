"""Readings become news after two days, name what is behind them, and end; a season is no news."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from intake.clock import FixedClock
from intake.ops_records import Metric
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from intake.settings_drift import DriftSettings
from ml.cards.evidence import score_points
from orchestration.catalogue import signals
from orchestration.drift.desk import settle_drift
from orchestration.drift.features import behind
from orchestration.drift.mixes import match_readings, segment_readings, traffic_readings
from orchestration.drift.reading import FEATURE, MATCH, TRAFFIC, Reading, judged
from orchestration.drift.scores import loss_readings, score_reading
from orchestration.model_registry import ModelCard, ModelRegistry
from orchestration.retraining import retraining_due

TODAY = date(2018, 12, 10)
NOW = datetime(2018, 12, 10, 3, tzinfo=UTC)
SETTINGS = DriftSettings()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(DataPaths(tmp_path), tmp_path / "config", Settings(), FixedClock(NOW))


def rates(last_week: dict[str, float], *, december: dict[str, float] | None = None) -> pd.DataFrame:
    """Events a day by source: 100 each, other figures in the last week, and in last year's December if given."""
    rows = []
    for back in range(1, 400):
        day = TODAY - timedelta(days=back)
        for source in ("web", "shop"):
            events = last_week.get(source, 100.0) if back <= 7 else 100.0
            if december and 350 <= back <= 385:
                events = december[source]
            rows.append((source, day, events, 0.9 * events))
    return pd.DataFrame(rows, columns=["source", "event_date", "events", "matched"])


def run(project: Project, readings: list[Reading], day: date) -> list[str]:
    """One daily run: judge against what earlier ones wrote, write, settle."""
    ops = OpsStore(project.paths)
    kept: dict[tuple[str, str], list[Metric]] = {}
    for item in ops.metrics():
        kept.setdefault((item.metric, item.dimension), []).append(item)
    found = judged(readings, kept, day, SETTINGS)
    ops.record_metrics(day, [(one.metric, one.dimension, one.value) for one in readings], at=NOW)
    return settle_drift(project, found, day)


def feature(value: float, *, watched: bool = True) -> Reading:
    return Reading(
        FEATURE, "page_views_30d", value, f"page_views_30d (index {value:.2f}; from web, sent by sim)", watched
    )


def test_an_episode_opens_names_what_is_behind_it_and_closes(project: Project) -> None:
    values = [0.1, 0.4, 0.4, 0.2, 0.1, 0.1]
    standing = [run(project, [feature(value)], TODAY + timedelta(days=day)) for day, value in enumerate(values)]
    assert standing == [[], [], ["drift:features"], ["drift:features"], ["drift:features"], []]
    (alert,) = OpsStore(project.paths).list_alerts()
    assert alert.title == "1 model features drifted: page_views_30d since 2018-12-12"
    assert "sent by sim" in alert.detail
    assert alert.state == "resolved"


def test_the_same_day_again_is_one_day(project: Project) -> None:
    assert [run(project, [feature(0.9)], TODAY) for _ in range(3)] == [[], [], []]
    assert run(project, [feature(0.9)], TODAY + timedelta(days=1)) == ["drift:features"]


def test_what_grows_with_the_history_is_no_news(project: Project) -> None:
    days = [TODAY + timedelta(days=day) for day in range(4)]
    assert [run(project, [feature(9.0, watched=False)], day) for day in days] == [[]] * 4


def test_a_source_that_breaks_is_told_with_its_share() -> None:
    (found,) = traffic_readings(rates({"web": 5.0}), TODAY)
    assert found.value > SETTINGS.open_at
    assert "web 50.0% to 4.8% of events" in found.told
    (quiet,) = traffic_readings(rates({}), TODAY)
    assert quiet.value == pytest.approx(0.0)


def test_a_december_like_the_last_one_is_no_incident() -> None:
    (found,) = traffic_readings(rates({"web": 900.0}, december={"web": 900.0, "shop": 100.0}), TODAY)
    assert found.value < SETTINGS.close_at
    (other,) = traffic_readings(rates({"web": 5.0}, december={"web": 900.0, "shop": 100.0}), TODAY)
    assert other.value > SETTINGS.open_at


def test_without_days_there_is_nothing_to_read() -> None:
    none = rates({}).iloc[:0]
    assert (traffic_readings(none, TODAY), match_readings(none, TODAY)) == ([], [])


def test_people_who_are_no_longer_found_are_told_by_source() -> None:
    frame = rates({})
    week = (frame["event_date"] >= TODAY - timedelta(days=7)) & (frame["source"] == "web")
    frame.loc[week, "matched"] = 30.0
    found = {one.dimension: one for one in match_readings(frame, TODAY)}
    # Last year at this time 90 % were found as well, so no season explains it.
    assert found["web"].value == pytest.approx(0.6)
    assert found["shop"].value == 0.0
    assert found["web"].told.startswith("web: 90.0% of events found their person")
    assert found["web"].metric == MATCH


def test_segments_are_compared_with_the_first_day_of_their_model() -> None:
    kept = [Metric(date(2018, 12, 1), "segment_share", name, share, NOW) for name, share in (("0", 0.5), ("1", 0.5))]
    (found,) = segment_readings({"0": 0.9, "1": 0.1}, kept, TODAY, date(2018, 11, 28))
    assert found.value > SETTINGS.open_at
    assert "0 50.0% to 90.0%" in found.told
    assert segment_readings({"0": 1.0}, kept, TODAY, date(2018, 12, 5)) == []
    assert segment_readings({"0": 1.0}, kept, TODAY, None) == []


def test_scores_are_compared_with_the_training_and_with_last_year() -> None:
    random = np.random.default_rng(1)
    fitted, now = score_points(random.beta(2, 8, 5_000)), random.beta(5, 5, 3_000)
    found = score_reading("churn", now, fitted, {}, TODAY)
    assert found is not None
    assert found.value > 1.0
    last_year = {TODAY - timedelta(days=363): score_points(random.beta(5, 5, 3_000))}
    explained = score_reading("churn", now, fitted, last_year, TODAY)
    assert explained is not None
    assert explained.value < 0.1
    same = score_reading("churn", random.beta(2, 8, 3_000), fitted, {}, TODAY)
    assert same is not None
    assert same.value < 0.05
    assert score_reading("churn", now, [], {}, TODAY) is None


def test_losses_count_in_the_direction_that_hurts() -> None:
    found = loss_readings(
        "churn", {"model": {"roc_auc": 0.9, "ece": 0.01}}, {"roc_auc": 0.8, "ece": 0.09, "brier": 0.3}
    )
    assert {one.dimension: round(one.value, 3) for one in found} == {"churn:roc_auc": 0.1, "churn:ece": 0.08}
    better = loss_readings("churn", {"model": {"roc_auc": 0.8}}, {"roc_auc": 0.9})
    assert [one.value for one in better] == [0.0]
    assert loss_readings("segments", {"k": 4}, {"roc_auc": 0.9}) == []


def test_every_feature_has_sources_behind_it() -> None:
    delivered = {"page_viewed": ["web"], "order_completed": ["till", "web"], "email_opened": ["mailer"]}
    known = {signal.name: signal for signal in signals()}
    assert behind(known["orders_30d"], delivered) == "from order_completed, sent by till, web"
    assert "mailer" in behind(known["email_opens_30d"], delivered)
    assert all("sent by" in behind(signal, delivered) for signal in known.values())
    assert behind(None, delivered) == "not in the catalogue"


def test_only_what_a_training_may_mend_asks_for_one_and_not_too_often(project: Project) -> None:
    registry = ModelRegistry(project.paths.models)
    ops = OpsStore(project.paths)
    made = NOW - timedelta(days=3)
    card = ModelCard(
        "churn", "v1", made.isoformat(), made.isoformat(), [], [], 91, {}, "d", "c", 1
    )  # fmt: skip
    registry.save(card, {})
    for day in range(2):
        run(project, [Reading(TRAFFIC, "events", 2.0, "web gone")], TODAY + timedelta(days=day))
    assert {alert.cause for alert in ops.standing_alerts("drift:")} == {"drift:traffic"}
    assert retraining_due(project, NOW + timedelta(days=30)) is None
    for day in range(2, 4):
        run(project, [feature(0.9)], TODAY + timedelta(days=day))
    assert retraining_due(project, NOW) is None
    due = retraining_due(project, NOW + timedelta(days=4))
    assert due is not None
    assert due.causes == ("drift:features",)


def test_thresholds_that_never_close_are_refused() -> None:
    with pytest.raises(ValueError, match=r"close_at: 0\.5 is above open_at, 0\.25"):
        DriftSettings(close_at=0.5)
