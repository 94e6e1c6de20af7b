"""What a run has to do: which days, whether to train, and when nothing at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from dagster import AssetKey, AssetSelection, DagsterInstance, Definitions

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.alerts import run_failed
from orchestration.champions.kinds import KINDS, NEEDED
from orchestration.champions.looks import JUDGED, refused_note, tried_at
from orchestration.code_location import definitions_of_environment
from orchestration.daily_layout import renew_daily_tables
from orchestration.execution import execute
from orchestration.fingerprint import project_fingerprint, remember, remembered
from orchestration.groups import Group
from orchestration.jobs import CURRENT, DAYS, EXPORT, PINNED, hourly_intake, hourly_refresh, whole_graph
from orchestration.model_registry import ModelRegistry
from orchestration.partitions import DayRange
from orchestration.pin import current_as_of, days_to_build, pin
from orchestration.refresh.marks import waiting
from orchestration.resources import AS_OF_TAG
from orchestration.retraining import retraining_due
from orchestration.run_report import RunFailedError, RunReport
from orchestration.selection import parse_selection
from orchestration.stages import StageClock
from orchestration.touched import BRIDGE_DAYS, ranges_to_build
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import source_table
from serving.snapshot import pointer
from serving.snapshot.manifest import read_manifest

# Scoring never trains; a model is looked at again within the week, as the weekly schedule does.
MODEL_AGE = timedelta(days=7)
FRAMES = [
    *(AssetKey(["ops", name]) for name in ("cutoff", "label_window")),
    *(AssetKey(["marts", name]) for name in ("training_frame", "training_label")),
]


@dataclass
class RunPlan:
    """Carries out one run; fills the report as it goes."""

    project: Project
    instance: DagsterInstance
    clock: StageClock
    report: RunReport
    select: Sequence[str] | None
    train: bool | str
    hourly: bool = False

    def carry_out(self) -> None:
        """Intake, then either nothing, old training frames, or days and everything behind them."""
        if self._wanted(hourly_intake.name):
            self._execute(hourly_intake.name)
        live = self._live_as_of()
        if live is not None and self.report.as_of < live:
            self._old_frames(live)
            return
        if not self._ops.visible_files():
            self.report.state = "nothing_to_do"
            self.report.notes.append("the lake is empty: `concierge ingest`, or a contract with a location, fills it")
            return
        ranges = self._ranges()
        if self.hourly:
            self._hour(ranges)
        elif self._nothing_to_do(ranges):
            self.report.state = "nothing_to_do"
            self.report.skipped["everything"] = "no new input, no changed configuration, code or day since the last run"
        else:
            self._days(ranges)
            self._behind()
            if self.select is None:
                remember(self.project.paths, self._known())
        self.report.snapshot_version = pointer.current(self.project.paths.snapshots)

    @cached_property
    def definitions(self) -> Definitions:
        """The code location of this data folder."""
        return definitions_of_environment()

    @cached_property
    def _ops(self) -> OpsStore:
        return OpsStore(self.project.paths)

    @cached_property
    def _warehouse(self) -> Warehouse:
        return Warehouse(self.project.paths.warehouse)

    @cached_property
    def _fingerprint(self) -> str:
        return project_fingerprint(self.project, self.report.as_of)

    def _known(self) -> str:
        """What this run read, and the models that serve now: a training within the run is part of it."""
        used = ModelRegistry(self.project.paths.models).in_use()
        return " ".join([self._fingerprint, *(f"{name}={version}" for name, version in used.items())])

    def _live_as_of(self) -> datetime | None:
        root = self.project.paths.snapshots
        version = pointer.current(root)
        return None if version is None else datetime.fromisoformat(read_manifest(root / version).as_of).astimezone(UTC)

    def _ranges(self) -> list[DayRange]:
        if renew_daily_tables(self._ops, self._warehouse):
            self.report.notes.append("the daily tables were made by another version: every day is rebuilt")
        before = current_as_of(self._warehouse)
        files = [file for file in self._ops.visible_files() if file.min_received_at < self.report.as_of]
        days = days_to_build(files, self._ops.touches(), before)
        return ranges_to_build(days, files, bridge_days=BRIDGE_DAYS)

    def _hour(self, ranges: list[DayRange]) -> None:
        """Rebuild touched days, and with the last of them the rows of the customers they concern."""
        waits = waiting(self._ops) or self._overrides_changed()
        if not ranges and not waits:
            self.report.state = "nothing_to_do"
            self.report.skipped["everything"] = "no day was touched and no customer waits since the last run"
            return
        if not ranges:
            pin(self._ops, self._warehouse, self.report.as_of)
            self._execute(hourly_refresh.name, assets=sorted(self._keys(CURRENT | EXPORT)))
        for place, built in enumerate(ranges, start=1):
            wanted = DAYS if place < len(ranges) else DAYS | CURRENT | EXPORT
            self._execute(hourly_refresh.name, assets=sorted(self._keys(wanted)), tags=built.tags)
            self.report.ranges.append(built)

    def _overrides_changed(self) -> bool:
        table = source_table("identity.identity_override")
        if not self._warehouse.has_table(table.address):
            return False
        rows = self._warehouse.rows(f"SELECT a_key, b_key, kind FROM {table.address}")
        return {(item.a_key, item.b_key, item.kind) for item in self._ops.overrides()} != set(rows)

    def _nothing_to_do(self, ranges: list[DayRange]) -> bool:
        return (
            not ranges
            and self.select is None
            and not self._needs_training()
            and remembered(self.project.paths) == self._known()
        )

    def _days(self, ranges: list[DayRange]) -> None:
        # The export comes once, after everything behind the days.
        wanted = [key for key in self._wanted(hourly_refresh.name) if key in self._keys(DAYS)]
        if not ranges:
            self.report.skipped["daily tables"] = "no day was touched since its last rebuild"
        for built in ranges if wanted else []:
            self._execute(hourly_refresh.name, assets=wanted, tags=built.tags)
            self.report.ranges.append(built)

    def _behind(self) -> None:
        wanted = self._wanted(whole_graph.name)
        if self.report.ranges:
            # Pinned with the days; once more would only repeat the checks of raw data.
            wanted = [key for key in wanted if key not in self._keys(PINNED)]
        elif wanted:
            pin(self._ops, self._warehouse, self.report.as_of)
        before = len(self._ops.model_events())
        if not self._needs_training():
            training = self._keys(AssetSelection.groups(Group.TRAINING.value))
            named = self.select is not None and self.train == "auto"
            wanted = wanted if named else [key for key in wanted if key not in training]
            self.report.skipped["training"] = "every model was looked at within a week" if self.train else "not asked"
        if wanted:
            self._execute(whole_graph.name, assets=wanted)
            looked = self._ops.model_events()[before:]
            self.report.trained = any(event.kind in JUDGED for event in looked)
            self.report.notes += refused_note(looked)

    def _old_frames(self, live: datetime) -> None:
        self.report.state = "training_frames_only"
        self.report.notes.append(
            f"{self.report.as_of:%Y-%m-%d %H:%M} lies before the live snapshot ({live:%Y-%m-%d %H:%M}): only training "
            "frames were written; ledger, current tables and snapshot stay as they are"
        )
        self._execute(whole_graph.name, assets=FRAMES)

    def _needs_training(self) -> bool:
        if self.train != "auto":
            return bool(self.train)
        registry = ModelRegistry(self.project.paths.models)
        if any(registry.current_version(name) is None for name in NEEDED):
            return True
        tried = tried_at(self._ops, registry)
        if any(moment + MODEL_AGE <= self.report.as_of for name, moment in tried.items() if name in KINDS):
            return True
        return retraining_due(self.project, self.report.as_of) is not None

    def _wanted(self, job: str) -> list[AssetKey]:
        known = set(self.definitions.resolve_job_def(job).asset_layer.executable_asset_keys)
        if self.select is None:
            return sorted(known)
        chosen: set[AssetKey] = set()
        for text in self.select:
            chosen |= self._keys(parse_selection(text))
        if not chosen:
            raise ValueError(f"--select {' '.join(self.select)} matches no asset")
        return sorted(known & chosen)

    def _keys(self, selection: AssetSelection) -> set[AssetKey]:
        return set(selection.resolve(self.definitions.resolve_asset_graph()))

    def _execute(
        self, job: str, *, assets: Sequence[AssetKey] | None = None, tags: dict[str, str] | None = None
    ) -> None:
        every_tag = {AS_OF_TAG: self.report.as_of.isoformat(), **(tags or {})}
        done = execute(self.definitions, self.instance, job, self.clock, tags=every_tag, assets=assets)
        self.report.dagster_runs.append(done.run_id)
        if done.failure is not None:
            self.report.failed_step, self.report.reason = done.failure.step, done.failure.reason
            run_failed(self.project, done.failure.step, done.failure.reason)
            raise RunFailedError(self.report)
