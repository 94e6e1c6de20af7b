"""The operational store: one transaction a change, the same for every process that looks."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from intake.ops_alert_desk import UnknownAlertError
from intake.ops_database import OpsStoreError
from intake.ops_records import BatchRecord, ConsentChange, IdentityOverride, LakeFile, RunSummary, SeenFile
from intake.ops_store import OpsStore
from intake.project import Project

T0 = datetime(2018, 1, 2, tzinfo=UTC)
DAY = date(2017, 5, 1)


def batch(name: str, rows: int = 3, **changes: object) -> BatchRecord:
    record = BatchRecord(name, "clicks", "v1", "a.jsonl", f"hash of {name}", rows, rows, 0, 0, 0, rows, T0, T0)
    return replace(record, **changes)  # type: ignore[arg-type]


def lake_file(name: str, day: date = DAY, rows: int = 3) -> LakeFile:
    return LakeFile(f"lake/{name}-{day}.parquet", "clicks", day, name, rows, T0, T0 + timedelta(hours=1), T0)


def test_a_batch_becomes_visible_as_a_whole_and_once(store: OpsStore) -> None:
    consent = ConsentChange("f" * 32, "analytics", False, T0)
    assert store.record_batch(batch("b1"), [lake_file("b1")], consent=[consent])
    assert not store.record_batch(batch("b1"), [lake_file("b1")])
    assert store.visible_files() == [lake_file("b1")]
    assert store.batches() == [batch("b1")] == store.batches("clicks")
    assert store.batches("other") == []
    assert store.consent_changes("analytics") == [consent]
    assert store.consent_changes("marketing_email") == []


def test_accounts_that_do_not_add_up_are_refused(store: OpsStore) -> None:
    with pytest.raises(ValueError, match="rows_read 4 differs from accounted rows 3"):
        store.record_batch(batch("b1", rows_read=4), [lake_file("b1")])
    with pytest.raises(ValueError, match="files hold 2 of 3 events"):
        store.record_batch(batch("b1"), [lake_file("b1", rows=2)])
    with pytest.raises(ValueError, match="reasons add up to 1 of 0 rows"):
        store.record_batch(batch("b1"), [lake_file("b1")], {"why": 1})
    assert store.batches() == []


def test_a_transaction_that_fails_leaves_nothing(store: OpsStore) -> None:
    def write_and_fail() -> None:
        with store.transaction() as connection:
            connection.execute("insert into pause values ('all', 'r', 'a', 't')")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail()
    assert store.pauses() == []


def test_days_are_touched_by_each_batch_from_when_it_ended(store: OpsStore) -> None:
    later = T0 + timedelta(hours=2)
    store.record_batch(batch("b1"), [lake_file("b1")])
    store.record_batch(batch("b2", finished_at=later), [lake_file("b2")])
    assert store.touched_days() == [DAY]
    assert store.touched_days(before=T0) == []
    assert [touch.batch_id for touch in store.touches()] == ["b1", "b2"]


def test_quarantine_counts_add_up_over_batches(store: OpsStore) -> None:
    for name in ("b1", "b2"):
        record = batch(name, rows_read=5, quarantined=2)
        store.record_batch(record, [lake_file(name)], {"future_timestamp": 1, "malformed_record": 1})
    assert store.quarantine_counts("clicks") == {
        ("clicks", "future_timestamp"): 2,
        ("clicks", "malformed_record"): 2,
    }


def test_consent_history_is_told_of_everybody_who_ever_refused(store: OpsStore) -> None:
    changes = [
        ConsentChange("a", "analytics", True, T0),
        ConsentChange("b", "analytics", False, T0 + timedelta(days=1)),
        ConsentChange("b", "analytics", True, T0 + timedelta(days=2)),
    ]
    store.record_batch(batch("b1"), [lake_file("b1")], consent=changes)
    assert store.consent_changes("analytics") == changes[1:]


def test_a_scan_remembers_files_by_source_and_path(store: OpsStore) -> None:
    seen = SeenFile("/x/a.jsonl", 10, 20, "hash", "v1", "b1")
    store.remember_files("clicks", [seen])
    store.remember_files("clicks", [replace(seen, size=11)])
    assert store.seen_files("clicks") == {"/x/a.jsonl": replace(seen, size=11)}
    assert store.seen_files("other") == {}


def test_an_alert_lives_from_open_to_resolved(store: OpsStore) -> None:
    first = store.open_alert("c", severity="warning", title="t", at=T0, sample=[{"n": 1}])
    second = store.open_alert("c", severity="critical", title="worse", at=T0 + timedelta(hours=1))
    assert (second.alert_id, second.count, second.severity) == (first.alert_id, 2, "critical")
    assert (second.first_seen_at, second.last_seen_at) == (T0, T0 + timedelta(hours=1))
    taken = store.acknowledge(first.alert_id[:6], owner="ann", at=T0, note="looking")
    assert (taken.state, taken.owner, taken.note) == ("acknowledged", "ann", "looking")
    assert store.open_alert("c", severity="critical", title="worse", at=T0).state == "acknowledged"
    done = store.resolve(first.alert_id, at=T0 + timedelta(days=1))
    assert (done.state, done.note, done.resolved_at) == ("resolved", "looking", T0 + timedelta(days=1))
    fresh = store.open_alert("c", severity="info", title="again", at=T0 + timedelta(days=1))
    assert fresh.alert_id != first.alert_id
    assert [alert.alert_id for alert in store.list_alerts("open")] == [fresh.alert_id]
    assert len(store.list_alerts()) == 2


def test_a_cause_that_is_gone_resolves_its_alert(store: OpsStore) -> None:
    store.open_alert("c", severity="info", title="t", at=T0)
    assert store.resolve_cause("c", at=T0)
    assert not store.resolve_cause("c", at=T0)


@pytest.mark.parametrize("alert_id", ["", "zzz"])
def test_an_alert_id_that_names_none_or_several(store: OpsStore, alert_id: str) -> None:
    store.open_alert("c", severity="info", title="t", at=T0)
    store.open_alert("d", severity="info", title="t", at=T0)
    with pytest.raises(UnknownAlertError, match="alerts have an id that starts like this"):
        store.acknowledge(alert_id, owner="ann", at=T0)


def test_pauses_are_set_replaced_and_lifted(store: OpsStore) -> None:
    store.set_pause("home_hero", reason="a", actor="ann", at=T0)
    store.set_pause("home_hero", reason="b", actor="bob", at=T0)
    store.set_pause("all", reason="c", actor="ann", at=T0)
    assert [(pause.scope, pause.reason) for pause in store.pauses()] == [("all", "c"), ("home_hero", "b")]
    (lifted,) = store.lift("all", actor="ann", at=T0, reason="mended", grace=timedelta(hours=1))
    assert lifted.scope == "all"
    assert store.lift("all", actor="ann", at=T0, reason="mended", grace=timedelta(hours=1)) == []
    assert [pause.scope for pause in store.pauses()] == ["home_hero"]


def test_a_run_is_written_down_when_it_starts_and_again_when_it_ends(store: OpsStore) -> None:
    started = RunSummary("r1", "hourly", T0, T0, None, "started", {"stage": "lake"})
    store.record_run(started)
    store.record_run(RunSummary("r2", "daily", T0, T0 + timedelta(hours=1), None, "started"))
    ended = replace(started, finished_at=T0 + timedelta(minutes=5), state="success")
    store.record_run(ended)
    assert store.runs("hourly") == [ended]
    assert [run.run_id for run in store.runs()] == ["r2", "r1"]


def test_a_metric_of_a_day_is_written_once(store: OpsStore) -> None:
    for value in (0.5, 0.7):
        store.record_metric(DAY, "match_rate", value, at=T0, dimension="web")
    (metric,) = store.metrics("match_rate")
    assert (metric.value, metric.dimension, metric.metric_date) == (0.7, "web", DAY)
    assert store.metrics("other") == []


def test_overrides_keep_the_smaller_key_first(store: OpsStore) -> None:
    store.record_override(IdentityOverride(9, 2, "must_link", "ann", "same person", T0))
    assert [(o.a_key, o.b_key, o.kind) for o in store.overrides()] == [(2, 9, "must_link")]


def test_a_time_without_a_zone_is_refused(store: OpsStore) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        store.set_pause("all", reason="r", actor="a", at=datetime(2018, 1, 1))  # noqa: DTZ001


def test_a_store_of_a_newer_version_is_not_touched(project: Project) -> None:
    OpsStore(project.paths).pauses()
    connection = sqlite3.connect(project.paths.ops_db)
    connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(OpsStoreError, match="schema version 99 is newer"):
        OpsStore(project.paths).pauses()


def test_a_file_that_is_no_database(project: Project) -> None:
    project.paths.root.mkdir(parents=True)
    project.paths.ops_db.write_text("not a database, but long enough to look at" * 100)
    with pytest.raises(OpsStoreError, match="not a database"):
        OpsStore(project.paths).pauses()


def test_a_new_store_waits_for_another_that_is_making_it(project: Project) -> None:
    project.paths.root.mkdir(parents=True)
    other = sqlite3.connect(project.paths.ops_db, isolation_level=None, check_same_thread=False)
    other.execute("create table t (a)")
    other.execute("begin immediate")
    timer = threading.Timer(0.2, other.execute, ["rollback"])
    timer.start()
    assert OpsStore(project.paths).pauses() == []
    timer.join()
    other.close()


def test_a_new_store_does_not_wait_for_ever(project: Project) -> None:
    project.paths.root.mkdir(parents=True)
    with closing(sqlite3.connect(project.paths.ops_db, isolation_level=None)) as other:
        other.execute("create table t (a)")
        other.execute("begin immediate")
        with pytest.raises(OpsStoreError, match="locked"):
            OpsStore(project.paths, busy_seconds=0.05).pauses()


def test_threads_write_beside_each_other(store: OpsStore) -> None:
    def write(number: int) -> None:
        for step in range(5):
            store.open_alert("shared", severity="info", title=str(number), at=T0)
            store.set_pause(f"{number}-{step}", reason="r", actor="a", at=T0)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.list_alerts()[0].count == 20
    assert len(store.pauses()) == 20
