"""A pin is monotone, complete and names what has to be built."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from intake.ops_records import BatchRecord, IdentityOverride, LakeFile
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from orchestration.partitions import DayRange
from orchestration.pin import current_as_of, days_to_build, fold_operations, newly_seen, pin
from orchestration.touched import consume
from orchestration.warehouse import Warehouse

AS_OF = datetime(2017, 2, 1, tzinfo=UTC)


@pytest.fixture
def ops(tmp_path: Path) -> OpsStore:
    return OpsStore(DataPaths(tmp_path))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb")


def _file(day: date, received: datetime) -> LakeFile:
    path = f"lake/events/event_date={day}/till-1.parquet"
    return LakeFile(path, "till", day, "b1", 3, received - timedelta(hours=1), received, AS_OF)


def _record(ops: OpsStore, *files: LakeFile) -> None:
    n = sum(file.rows for file in files)
    ops.record_batch(BatchRecord("b1", "till", "1", "f", "h", n, n, 0, 0, 0, n, AS_OF, AS_OF), files)


def test_files_moment_and_touches_are_pinned_together(ops: OpsStore, warehouse: Warehouse) -> None:
    _record(ops, _file(date(2017, 1, 5), datetime(2017, 1, 5, 10, tzinfo=UTC)))
    pinned = pin(ops, warehouse, AS_OF)
    assert (pinned.as_of, pinned.rows, len(pinned.touched)) == (AS_OF, 3, 1)
    assert warehouse.rows("select path, rows, is_visible from ops.lake_file") == [
        ("lake/events/event_date=2017-01-05/till-1.parquet", 3, True)
    ]
    assert current_as_of(warehouse) == AS_OF


def test_the_moment_only_moves_forward(ops: OpsStore, warehouse: Warehouse) -> None:
    assert current_as_of(warehouse) is None
    pin(ops, warehouse, AS_OF)
    assert pin(ops, warehouse, AS_OF - timedelta(days=9)).as_of == AS_OF
    assert pin(ops, warehouse, AS_OF + timedelta(hours=1)).as_of == AS_OF + timedelta(hours=1)
    assert warehouse.count("ops.run_context") == 1


def test_what_people_write_is_folded_in(ops: OpsStore, warehouse: Warehouse) -> None:
    ops.open_alert("check:x", severity="warning", title="t", at=AS_OF, sample=[{"day": "2017-01-05"}])
    ops.record_metric(AS_OF.date(), "match_rate", 0.75, at=AS_OF)
    ops.record_override(IdentityOverride(9, 4, "must_link", "ana", "seen at the till", AS_OF))
    fold_operations(ops, warehouse)
    assert warehouse.rows("select cause, state, sample from ops.alert") == [
        ("check:x", "open", '[{"day": "2017-01-05"}]')
    ]
    assert warehouse.rows("select metric, value from ops.metric_daily") == [("match_rate", 0.75)]
    assert warehouse.rows("select a_key, b_key from identity.identity_override") == [(4, 9)]


def test_days_to_build_are_touched_days_and_days_not_wholly_seen_before(ops: OpsStore) -> None:
    early = _file(date(2017, 1, 5), datetime(2017, 1, 5, 10, tzinfo=UTC))
    late = _file(date(2017, 1, 6), datetime(2017, 1, 20, 10, tzinfo=UTC))
    before = datetime(2017, 1, 10, tzinfo=UTC)
    assert days_to_build([early, late], [], None) == {date(2017, 1, 5), date(2017, 1, 6)}
    assert days_to_build([early, late], [], before) == {date(2017, 1, 6)}
    assert days_to_build([early, late], [], AS_OF) == set()
    _record(ops, early)
    assert days_to_build([early], ops.touches(), AS_OF) == {date(2017, 1, 5)}


def test_days_that_another_run_will_rebuild_are_pending(ops: OpsStore, warehouse: Warehouse) -> None:
    noon = datetime(2017, 1, 5, 10, tzinfo=UTC)
    _record(ops, _file(date(2017, 1, 5), noon), _file(date(2017, 1, 9), noon + timedelta(days=4)))
    pin(ops, warehouse, AS_OF, building=DayRange(date(2017, 1, 4), date(2017, 1, 6)))
    assert warehouse.rows("select event_date from ops.pending_day") == [(date(2017, 1, 9),)]
    pin(ops, warehouse, AS_OF)
    assert warehouse.count("ops.pending_day") == 2


def test_a_moment_that_moves_on_touches_what_it_newly_sees(ops: OpsStore, warehouse: Warehouse) -> None:
    seen = _file(date(2017, 1, 5), datetime(2017, 1, 5, 10, tzinfo=UTC))
    later = _file(date(2017, 1, 6), datetime(2017, 1, 20, 10, tzinfo=UTC))
    _record(ops, seen, later)
    first = pin(ops, warehouse, datetime(2017, 1, 10, tzinfo=UTC))
    consume(ops, first.touched, DayRange(date(2017, 1, 1), date(2017, 1, 31)), "run-1")
    assert pin(ops, warehouse, datetime(2017, 1, 10, tzinfo=UTC)).touched == ()
    assert [item.event_date for item in pin(ops, warehouse, AS_OF).touched] == [date(2017, 1, 6)]


def test_only_files_that_reach_into_the_new_span_are_newly_seen() -> None:
    before, moment = datetime(2017, 1, 10, tzinfo=UTC), datetime(2017, 1, 20, tzinfo=UTC)
    files = [_file(date(2017, 1, 5), datetime(2017, 1, day, tzinfo=UTC)) for day in (5, 10, 19, 25)]
    assert newly_seen(files, before, moment) == files[1:3]
    assert newly_seen(files, None, moment) == files[:3]
    assert newly_seen(files, moment, moment) == []


def test_a_lost_warehouse_is_made_again_though_the_first_run_dies(ops: OpsStore, warehouse: Warehouse) -> None:
    file = _file(date(2017, 1, 5), datetime(2017, 1, 5, 10, tzinfo=UTC))
    _record(ops, file)
    pinned = pin(ops, warehouse, AS_OF)
    consume(ops, pinned.touched, DayRange(date(2017, 1, 1), date(2017, 1, 9)), "run-1")
    assert ops.touches() == []
    warehouse.path.unlink()
    pin(ops, warehouse, AS_OF + timedelta(hours=1))
    before = current_as_of(warehouse)
    assert before is not None
    assert days_to_build([file], ops.touches(), before) == {date(2017, 1, 5)}
