"""Alerts about days, their history, mutes and what is kept out of their texts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from intake.ops_alert_desk import AlertStateError
from intake.ops_records import Alert
from intake.ops_store import OpsStore
from intake.paths import DataPaths

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
DAY = date(2026, 3, 1)


@pytest.fixture
def store(tmp_path: Path) -> OpsStore:
    return OpsStore(DataPaths(tmp_path))


def low(store: OpsStore, day: date, title: str = "web: too few events") -> Alert:
    return store.open_alert("quality:low:web", severity="warning", title=title, source="web", at=NOW, days=(day, day))


def test_days_up_to_a_week_apart_are_one_alert_whose_title_names_them(store: OpsStore) -> None:
    first = low(store, DAY)
    assert first.title == "web, 2026-03-01: too few events"
    same = low(store, DAY + timedelta(days=7))
    assert (same.alert_id, same.count) == (first.alert_id, 2)
    assert same.title == "web, 2026-03-01 to 2026-03-08: too few events"
    before = low(store, DAY - timedelta(days=3))
    assert (before.alert_id, before.first_day, before.last_day) == (first.alert_id, date(2026, 2, 26), date(2026, 3, 8))


def test_a_day_later_than_that_is_another_alert(store: OpsStore) -> None:
    first, other = low(store, DAY), low(store, DAY + timedelta(days=8))
    assert first.alert_id != other.alert_id
    assert len(store.standing_alerts("quality:low:")) == 2


def test_what_opens_again_names_the_one_before(store: OpsStore) -> None:
    first = low(store, DAY)
    store.resolve(first.alert_id, at=NOW, actor="ann", note="file came")
    assert low(store, DAY).earlier_id == first.alert_id
    with pytest.raises(AlertStateError, match="was resolved on 2026-03-02"):
        store.acknowledge(first.alert_id, owner="ann", at=NOW)


def test_every_step_leaves_a_line(store: OpsStore) -> None:
    alert = low(store, DAY)
    store.acknowledge(alert.alert_id, owner="ann", at=NOW, note="call +1 212 555 0100")
    store.mute(alert.alert_id, until=NOW + timedelta(days=1), at=NOW, actor="ben")
    store.resolve_cause("quality:low:web", at=NOW)
    notes = store.alert_notes(alert.alert_id)
    assert [(note.actor, note.action) for note in notes] == [
        ("ann", "acknowledged"),
        ("ben", "muted until 2026-03-03 02:30 UTC"),
        ("concierge", "resolved"),
    ]
    assert "555" not in notes[0].note


def test_a_mute_holds_for_the_cause_and_counts_on(store: OpsStore) -> None:
    alert = low(store, DAY)
    store.mute(alert.alert_id, until=NOW + timedelta(days=2), at=NOW, actor="ann")
    assert low(store, DAY).count == 2
    later = low(store, DAY + timedelta(days=30))
    assert later.is_muted(NOW)
    assert not later.is_muted(NOW + timedelta(days=2))
    store.unmute(later.alert_id, at=NOW, actor="ann")
    assert not store.alert(alert.alert_id).is_muted(NOW)
    with pytest.raises(AlertStateError, match="it is not muted"):
        store.unmute(alert.alert_id, at=NOW, actor="ann")
    with pytest.raises(AlertStateError, match="is not later than now"):
        store.mute(alert.alert_id, until=NOW, at=NOW, actor="ann")


def test_nothing_personal_is_kept(store: OpsStore) -> None:
    alert = store.open_alert(
        "x",
        severity="info",
        title="file of ann@example.com",
        detail="call +1 212 555 0100",
        at=NOW,
        sample=[{"n": 1, "mail": "bob@example.com", "url": "https://shop/?token=abc"}],
    )
    kept = f"{alert.title} {alert.detail} {alert.sample}"
    for secret in ("ann@", "bob@", "555", "abc"):
        assert secret not in kept
    assert alert.sample[0]["n"] == 1


def test_a_consequence_makes_a_note_a_warning_and_is_said_once(store: OpsStore) -> None:
    alert = store.open_alert("schema:vanished:web:sku", severity="info", title="t", at=NOW)
    assert store.note_consequence(alert.alert_id, at=NOW, note="sku empty")
    assert not store.note_consequence(alert.alert_id, at=NOW, note="sku empty")
    assert store.alert(alert.alert_id).severity == "warning"
    assert len(store.alert_notes(alert.alert_id)) == 1


def test_a_note_is_kept_without_personal_data_until_another_is_written(store: OpsStore) -> None:
    alert = low(store, DAY)
    store.acknowledge(alert.alert_id, owner="ann", at=NOW, note="ann@example.com knows")
    assert store.acknowledge(alert.alert_id, owner="ben", at=NOW).note == "[removed] knows"
    store.mute(alert.alert_id, until=NOW + timedelta(days=1), at=NOW, actor="ann", note="ben@example.com moves")
    assert store.resolve(alert.alert_id, at=NOW, note="call +1 212 555 0100").note == "call [removed]"
    kept = store.paths.ops_db.read_bytes().decode("latin-1")
    assert [text for text in ("example.com", "555") if text in kept] == []


def test_a_note_that_is_too_long_changes_nothing(store: OpsStore) -> None:
    alert, long = low(store, DAY), "x" * 2001
    refused = pytest.raises(ValueError, match="note: 2,001 characters, at most 2,000 are kept")
    with refused:
        store.acknowledge(alert.alert_id, owner="ann", at=NOW, note=long)
    with refused:
        store.mute(alert.alert_id, until=NOW + timedelta(days=1), at=NOW, actor="ann", note=long)
    assert (store.alert(alert.alert_id).state, store.alert_notes(alert.alert_id)) == ("open", [])
