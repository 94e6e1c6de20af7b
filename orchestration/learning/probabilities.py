"""The probability of each arm, from the sums by hour: `ml.arm_probability`."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

import duckdb
import pandas as pd

from ml.bandit import allocate
from orchestration.learning.credit import run
from orchestration.learning.moments import utc
from orchestration.learning.registry import Registry

TABLE: Final = "ml.arm_probability"
KEY: Final = ["experiment", "experiment_version", "segment_id", "context_bucket", "arm"]
STATS: Final = "select * from ml.arm_stats where experiment in (select unnest(?)) and hour >= ? order by all"
DELAYS: Final = "select * from ml.conversion_delay where experiment in (select unnest(?)) order by all"


def renew_probabilities(connection: duckdb.DuckDBPyConnection, registry: Registry, as_of: datetime) -> str:
    """Work the probabilities out anew; returns the version of the table that stands, empty where no bandit runs.

    A table that says what stands already keeps its version, so that an hour without news publishes nothing.

    Args:
        connection: of the warehouse.
        registry: bandits with their arms and settings.
        as_of: aware; hours after it are not looked at.
    """
    found = _allocated(connection, registry, as_of)
    before = connection.execute(f"select * from {TABLE}").df()
    if _said(found) == _said(before):
        return "" if before.empty else str(before["table_version"].iloc[0])
    version = "" if found.empty else f"{utc(as_of):%Y%m%dT%H%M}-{_said(found)[:8]}"
    rows = found.assign(table_version=version, as_of=pd.Timestamp(utc(as_of)))
    run(connection, "begin")
    run(connection, f"delete from {TABLE}")
    if len(rows):
        connection.register("allocated", rows)
        run(connection, f"insert into {TABLE} by name select * from allocated")
        connection.unregister("allocated")
    run(connection, "commit")
    return version


def _allocated(connection: duckdb.DuckDBPyConnection, registry: Registry, as_of: datetime) -> pd.DataFrame:
    names = [item.name for item in registry.bandits]
    if not names:
        return pd.DataFrame(columns=[*KEY, "probability", "weight", "basis", "n"])
    longest = max(settings.history_hours for settings in registry.settings.values())
    stats = connection.execute(STATS, [names, utc(as_of) - timedelta(hours=longest + 1)]).df()
    delays = connection.execute(DELAYS, [names]).df()
    found = allocate(stats, delays, registry.arms, registry.settings, as_of)
    return found.sort_values(KEY, ignore_index=True)


def _said(rows: pd.DataFrame) -> str:
    """A hash of which arm has which probability."""
    told = rows.sort_values(KEY)[[*KEY, "probability"]].to_csv(index=False, float_format="%.17g")
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
