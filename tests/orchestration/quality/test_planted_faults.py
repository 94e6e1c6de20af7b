"""A planted fault of each kind raises exactly one alert, which names source, day and cause; a clean month none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from intake.clock import FixedClock
from intake.ops_records import Alert, Severity
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from ml.watch.watch import Measures
from orchestration.checks.watch_checks import watch_arrivals
from orchestration.quality.arrivals import silences
from orchestration.quality.day_alerts import quiet_families, settle_days
from orchestration.quality.look import bounds_of, look
from orchestration.quality.measures import read_measures
from tests.orchestration.quality.shop import (
    MONTH,
    Plant,
    events,
    lake_files,
    morning_after,
    on,
    store,
    warehouse_in,
)

# A Wednesday with two weeks behind it and a week to come.
DAY = MONTH[16]


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    return events()


def alerts_of_a_month(folder: Path, frame: pd.DataFrame, days: list[date]) -> list[Alert]:
    """What daily runs over these days leave behind, each seeing the rows that arrived before it."""
    project = Project(DataPaths(folder), folder / "config", Settings(), FixedClock(morning_after(days[0])))
    warehouse, files = warehouse_in(folder), lake_files(frame)
    store(warehouse, frame)
    measures = read_measures(warehouse, morning_after(days[-1]), bounds_of(Settings().quality), 40, "UTC")
    for day in days:
        now = morning_after(day)
        today = replace(project, clock=FixedClock(now))
        seen = [file for file in files if file.event_date <= day]
        quiet = silences(seen, now, today.settings.quality)
        watch_arrivals(today, quiet, now)
        found = look(today, known_on(measures, day), quiet, now)
        settle_days(today, found.oddities, found.judged, told=quiet_families(quiet))
    return OpsStore(project.paths).list_alerts()


def known_on(measures: Measures, day: date) -> Measures:
    """The measures of the days up to this one."""
    parts = (measures.days, measures.spreads, measures.shares)
    return Measures(*(part[part["event_date"] <= day] for part in parts))


def test_a_clean_month_raises_nothing(tmp_path: Path, clean: pd.DataFrame) -> None:
    assert [alert.title for alert in alerts_of_a_month(tmp_path, clean, MONTH)] == []


def silent(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[~on(frame, "web", DAY)]


def halved(frame: pd.DataFrame) -> pd.DataFrame:
    mine = np.flatnonzero(on(frame, "till", DAY))
    return frame.drop(index=frame.index[mine[::2]])


def doubled(frame: pd.DataFrame) -> pd.DataFrame:
    again = frame[on(frame, "web", DAY)]
    return pd.concat([frame, again.assign(event_id="x" + again["event_id"])], ignore_index=True)


def mixed_otherwise(frame: pd.DataFrame) -> pd.DataFrame:
    mine = on(frame, "web", DAY) & (frame["event_type"] == "page_viewed")
    return frame.assign(
        event_type=frame["event_type"].mask(mine, "searched"), product_id=frame["product_id"].mask(mine, None)
    )


def emptied(frame: pd.DataFrame) -> pd.DataFrame:
    mine = on(frame, "web", DAY) & (np.arange(len(frame)) % 3 == 0)
    return frame.assign(product_id=frame["product_id"].mask(mine, None))


def hundredfold(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(amount=frame["amount"].mask(on(frame, "till", DAY), frame["amount"] * 100))


def wrong_zone(frame: pd.DataFrame) -> pd.DataFrame:
    mine = on(frame, "web", DAY)
    return frame.assign(occurred_at=frame["occurred_at"].mask(mine, frame["occurred_at"] - pd.Timedelta(hours=5)))


def twice_delivered(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame[on(frame, "till", DAY)]], ignore_index=True)


def orphaned(frame: pd.DataFrame) -> pd.DataFrame:
    mine = on(frame, "returns", DAY)
    return frame.assign(order_id=frame["order_id"].mask(mine, "nobody-" + frame["order_id"].astype(str)))


def other_categories(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(category=frame["category"].mask(on(frame, "till", DAY), "uncategorised"))


def no_catalogue(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["source"] != "catalogue") | (frame["occurred_at"].dt.date < DAY - timedelta(days=8))]


FAULTS: list[tuple[Plant, str, str, str]] = [
    (silent, "web", "silent", "silent, no events"),
    (halved, "till", "volume_low", "too few events"),
    (doubled, "web", "volume_high", "too many events"),
    (mixed_otherwise, "web", "mix", "mix of event types shifted: "),
    (emptied, "web", "nulls", "product_id empty in"),
    (hundredfold, "till", "amounts", "(times 98)"),
    (wrong_zone, "web", "clock", "5 hours earlier"),
    (twice_delivered, "till", "duplicates", "repeated rows"),
    (orphaned, "returns", "orphans", "refunds name an order that never came: 100%"),
    (other_categories, "till", "categories", "mix of categories shifted"),
]


@pytest.mark.parametrize(("plant", "source", "kind", "says"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_fault_is_one_alert(
    tmp_path: Path, clean: pd.DataFrame, plant: Plant, source: str, kind: str, says: str
) -> None:
    start = MONTH.index(DAY) - 1
    alerts = alerts_of_a_month(tmp_path, plant(clean), MONTH[start : start + 3])
    assert [(alert.source, alert.kind) for alert in alerts] == [(source, kind)], [alert.title for alert in alerts]
    (alert,) = alerts
    assert alert.title.startswith(f"{source}, {DAY}")
    assert says in alert.title
    assert (alert.first_day, alert.count) == (DAY, 2)
    assert alert.evidence["trend"][-1][0] == str(alert.last_day)


@pytest.mark.parametrize(("plant", "source", "kind"), [(silent, "web", "silent"), (hundredfold, "till", "amounts")])
def test_a_fault_that_stays_for_three_days_is_one_alert_seen_three_times(
    tmp_path: Path, clean: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, plant: Plant, source: str, kind: str
) -> None:
    days, frame = [DAY + timedelta(days=number) for number in range(3)], clean
    for day in days:
        monkeypatch.setitem(globals(), "DAY", day)
        frame = plant(frame)
    (alert,) = alerts_of_a_month(tmp_path, frame, days)
    assert (alert.source, alert.kind, alert.count) == (source, kind, 3)
    assert (alert.first_day, alert.last_day) == (days[0], days[2])


def test_faults_of_one_day_are_an_alert_each(tmp_path: Path, clean: pd.DataFrame) -> None:
    alerts = alerts_of_a_month(tmp_path, hundredfold(other_categories(mixed_otherwise(clean))), [DAY])
    told = [("till", "amounts", DAY), ("till", "categories", DAY), ("web", "mix", DAY)]
    assert sorted((alert.source, alert.kind, alert.first_day) for alert in alerts) == told


def test_a_catalogue_that_no_longer_comes_is_stale(tmp_path: Path, clean: pd.DataFrame) -> None:
    alerts = alerts_of_a_month(tmp_path, no_catalogue(clean), MONTH[14:18])
    assert [(alert.source, alert.kind) for alert in alerts] == [("catalogue", "silent")]


@pytest.mark.parametrize(
    ("cause", "severity", "plant"),
    [("intake:unreadable:web:a.jsonl", "warning", silent), ("schema:vanished:web:product_id", "info", emptied)],
)
def test_what_follows_from_intake_is_told_with_it(
    tmp_path: Path, clean: pd.DataFrame, cause: str, severity: Severity, plant: Plant
) -> None:
    store_of = OpsStore(DataPaths(tmp_path))
    alert = store_of.open_alert(cause, severity=severity, title="web: x", source="web", at=morning_after(DAY))
    found = alerts_of_a_month(tmp_path, plant(clean), [DAY])
    assert [(one.cause, one.severity) for one in found] == [(cause, "warning")]
    (note,) = store_of.alert_notes(alert.alert_id)
    assert (note.action, str(DAY) in note.note) == ("led to", True)


def test_days_that_are_well_again_resolve_their_alert_and_those_that_an_analyst_resolved_stay_so(
    tmp_path: Path, clean: pd.DataFrame
) -> None:
    (alert,) = alerts_of_a_month(tmp_path / "late", silent(clean), [DAY])
    (again,) = alerts_of_a_month(tmp_path / "late", clean, [DAY])
    assert (again.alert_id, again.state) == (alert.alert_id, "resolved")
    assert "well again" in str(again.note)

    (alert,) = alerts_of_a_month(tmp_path / "kept", silent(clean), [DAY])
    OpsStore(DataPaths(tmp_path / "kept")).resolve(alert.alert_id, at=morning_after(DAY), actor="ann")
    (still,) = alerts_of_a_month(tmp_path / "kept", silent(clean), [DAY])
    assert (still.state, still.count) == ("resolved", 1)
    # The same on a later day is news, and names the alert before.
    worse = silent(clean)
    worse = worse[~on(worse, "web", DAY + timedelta(days=2))]
    news = alerts_of_a_month(tmp_path / "kept", worse, [DAY + timedelta(days=2)])
    assert [(one.state, one.earlier_id) for one in news if one.state == "open"] == [("open", alert.alert_id)]
