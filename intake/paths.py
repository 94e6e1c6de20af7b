"""Where state and configuration live: one data folder, one configuration folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataPaths:
    """Every place under the data folder; nothing in the project writes elsewhere."""

    root: Path

    @property
    def lake_events(self) -> Path:
        """Hive-partitioned parquet: `event_date=YYYY-MM-DD/<source>-<batch hash>.parquet`."""
        return self.root / "lake" / "events"

    @property
    def quarantine(self) -> Path:
        """Rejected rows with their original bytes (encrypted) and the reason."""
        return self.root / "quarantine"

    @property
    def vault(self) -> Path:
        """Personal data in clear; mode 700; read by identity matching only."""
        return self.root / "vault"

    @property
    def spool(self) -> Path:
        """Messages on their way into the lake, in clear; mode 700, each file gone within seconds."""
        return self.root / "spool"

    @property
    def keys(self) -> Path:
        """Secret keys, mode 600, used when the environment gives none."""
        return self.root / "keys"

    @property
    def ops_db(self) -> Path:
        """SQLite (WAL): what may be written at any time, runs or no runs."""
        return self.root / "ops.sqlite"

    @property
    def warehouse(self) -> Path:
        """DuckDB file, private to runs."""
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Exports of the public schemas; `current` links to the newest."""
        return self.root / "published"

    @property
    def models(self) -> Path:
        """Versioned trained models: `<name>/<version>/`."""
        return self.root / "models"

    @property
    def snapshots(self) -> Path:
        """Serving snapshots: one folder a version, and the pointer file."""
        return self.root / "snapshots"

    @property
    def replay(self) -> Path:
        """What logged decisions read of snapshots that are gone: one folder a version."""
        return self.root / "replay"

    @property
    def service_log(self) -> Path:
        """The lookup service's own events, exposures and decisions."""
        return self.root / "service_log"

    @property
    def data_docs(self) -> Path:
        """Rendered Great Expectations results."""
        return self.root / "data_docs"

    @property
    def dagster_home(self) -> Path:
        """Dagster instance storage."""
        return self.root / "dagster"

    @property
    def run_lock(self) -> Path:
        """Operating-system lock held by `concierge run`."""
        return self.root / "run.lock"


def data_paths() -> DataPaths:
    """The data folder named by `CONCIERGE_DATA` (default `./data`)."""
    return DataPaths(Path(os.environ.get("CONCIERGE_DATA", "data")).resolve())


def config_dir() -> Path:
    """The configuration folder named by `CONCIERGE_CONFIG` (default `./config`)."""
    return Path(os.environ.get("CONCIERGE_CONFIG", "config")).resolve()


def repository_root() -> Path:
    """The checkout that holds the code, the dbt project and the default configuration."""
    return Path(__file__).resolve().parents[1]
