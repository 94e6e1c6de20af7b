"""Pin what a run sees: the lake's file list, the moment it looks from, and what people changed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from intake.ops_records import LakeFile, TouchedDay
from intake.ops_store import OpsStore
from orchestration.consent_tables import (
    REGIMES,
    SENSITIVE_WORDS,
    SUPPRESSED,
    regime_frame,
    sensitive_frame,
    suppressed_frame,
)
from orchestration.daily_layout import renew_daily_tables
from orchestration.partitions import DayRange
from orchestration.touched import touch_again
from orchestration.warehouse import Warehouse, naive_utc
from orchestration.warehouse_schema import source_table


@dataclass(frozen=True)
class Pin:
    """What one run sees: `as_of` after keeping it monotone, the files, and the touched days they answer."""

    as_of: datetime
    files: tuple[LakeFile, ...]
    touched: tuple[TouchedDay, ...]

    @property
    def rows(self) -> int:
        """Lake rows in the pinned files."""
        return sum(file.rows for file in self.files)


def pin(ops: OpsStore, warehouse: Warehouse, as_of: datetime, building: DayRange | None = None) -> Pin:
    """Copy the visible file list, `as_of` and the editable tables into the warehouse, in one transaction.

    `as_of` only moves forward (decision 0002); days with rows that only the new moment sees are touched again.
    Touched days are read before the file list: a batch becomes visible and touches its days in one transaction, so
    every touched day that is read has its files in the list. Those outside `building` are noted as pending: their
    staged rows lag behind the list until another run rebuilds them. Daily tables of an older program are dropped and
    all their days touched.
    """
    ops.require_no_open_erasure()
    renew_daily_tables(ops, warehouse)
    before = current_as_of(warehouse)
    moment = as_of if before is None else max(before, as_of)
    touch_again(ops, newly_seen(ops.visible_files(), before, moment))
    touched = tuple(ops.touches())
    files = tuple(ops.visible_files())
    pending = {item.event_date for item in touched if building is None or not building.holds(item.event_date)}
    frames = {
        "ops.lake_file": lake_frame(files),
        "ops.run_context": pd.DataFrame({"as_of": pd.to_datetime([moment], utc=True)}),
        "ops.pending_day": pd.DataFrame({"event_date": sorted(pending)}),
        REGIMES: regime_frame(),
        SENSITIVE_WORDS: sensitive_frame(),
    }
    warehouse.replace({**frames, **_editable(ops)})
    return Pin(moment, files, touched)


def fold_operations(ops: OpsStore, warehouse: Warehouse) -> None:
    """Copy what people and runs write at any time (alerts, metrics, runs, overrides) into the warehouse."""
    warehouse.replace(_editable(ops))


def _editable(ops: OpsStore) -> dict[str, pd.DataFrame]:
    return {
        "ops.alert": records_frame("ops.alert", ops.list_alerts()),
        "ops.metric_daily": records_frame("ops.metric_daily", ops.metrics()),
        "ops.run_summary": records_frame("ops.run_summary", ops.runs()),
        "ops.guardrail_event": records_frame("ops.guardrail_event", ops.pause_events()),
        "ops.ope_report": records_frame("ops.ope_report", ops.ope_reports()),
        SUPPRESSED: suppressed_frame(ops),
        "identity.identity_override": records_frame("identity.identity_override", ops.overrides()),
    }


def current_as_of(warehouse: Warehouse) -> datetime | None:
    """The pinned moment (aware UTC), or None before the first run."""
    if not warehouse.has_table("ops.run_context"):
        return None
    rows = warehouse.rows("SELECT max(as_of) FROM ops.run_context")
    found = rows[0][0]
    return None if found is None else pd.Timestamp(str(found), tz="UTC").to_pydatetime()


def lake_frame(files: Sequence[LakeFile]) -> pd.DataFrame:
    """Visible files as rows of `ops.lake_file`."""
    return pd.DataFrame(
        {
            "path": [file.path for file in files],
            "source": [file.source for file in files],
            "event_date": [file.event_date for file in files],
            "rows": [file.rows for file in files],
            "min_received_at": pd.to_datetime([file.min_received_at for file in files], utc=True),
            "max_received_at": pd.to_datetime([file.max_received_at for file in files], utc=True),
            "loaded_at": pd.to_datetime([file.loaded_at for file in files], utc=True),
            "is_visible": [True] * len(files),
        }
    )


def records_frame(address: str, records: Iterable[object]) -> pd.DataFrame:
    """Dataclass records as rows of a source table; mappings and tuples become JSON text."""
    names = source_table(address).column_names
    rows = [[_cell(getattr(record, name)) for name in names] for record in records]
    return naive_utc(pd.DataFrame(rows, columns=list(names)))


def _cell(value: object) -> object:
    return json.dumps(value, default=str) if isinstance(value, dict | tuple | list) else value


def newly_seen(files: Sequence[LakeFile], before: datetime | None, moment: datetime) -> list[LakeFile]:
    """Files with rows that the run before did not see and this one may; all of them where the warehouse is new.

    A warehouse that was lost has none of the days that are marked as rebuilt, and the run that makes it again may die.
    """
    if before == moment:
        return []
    return [
        file for file in files if (before is None or file.max_received_at >= before) and file.min_received_at < moment
    ]


def days_to_build(pinned: Sequence[LakeFile], touched: Sequence[TouchedDay], before: datetime | None) -> set[date]:
    """Days whose daily tables are not what the lake now says.

    Touched days, and days of files with rows that the run before (at `before`) did not see yet; with no run before,
    all days.
    """
    unseen = {file.event_date for file in pinned if before is None or file.max_received_at >= before}
    return unseen | {item.event_date for item in touched}
