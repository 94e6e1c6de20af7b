"""Environment variables that Dagster, dbt and Great Expectations read, derived from the project's folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from intake.paths import DataPaths, config_dir, data_paths, repository_root
from intake.sensitive import load_sensitive
from intake.settings import load_settings

DEFAULT_BEGIN = "2000-01-01"
DEFAULT_BATCH_SIZE = "day"
# Events that Dagster hands to the event log together; see orchestration/event_log.py.
EVENTS_TOGETHER = "1000"


def variables(paths: DataPaths, config: Path) -> dict[str, str]:
    """Every variable a process of the project needs, as absolute paths; the caller's own begin and batch size stay."""
    return {
        "CONCIERGE_DATA": str(paths.root),
        "CONCIERGE_CONFIG": str(config),
        "CONCIERGE_LAKE": str(paths.root),
        "CONCIERGE_WAREHOUSE": str(paths.warehouse),
        "CONCIERGE_BEGIN": os.environ.get("CONCIERGE_BEGIN", DEFAULT_BEGIN),
        "CONCIERGE_BATCH_SIZE": os.environ.get("CONCIERGE_BATCH_SIZE", DEFAULT_BATCH_SIZE),
        "CONCIERGE_TIME_ZONE": load_settings(config).time_zone,
        "CONCIERGE_SENSITIVE_WORDS": " ".join(load_sensitive(config).own_words()),
        "CONCIERGE_EVENT_LOG": str(paths.dagster_home / "event_log"),
        "DAGSTER_EVENT_BATCH_SIZE": EVENTS_TOGETHER,
        "DAGSTER_HOME": str(paths.dagster_home),
        "DBT_TARGET_PATH": str(dbt_target(paths)),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def configure(paths: DataPaths | None = None, config: Path | None = None) -> dict[str, str]:
    """Set those variables in this process and return them; call it before anything of Dagster is imported."""
    found = variables(paths or data_paths(), config or config_dir())
    os.environ.update(found)
    return found


def dbt_target(paths: DataPaths) -> Path:
    """Manifest and partial-parse state of dbt: under the data folder, so that the checkout stays clean."""
    return paths.root / "dbt" / "target"


def dbt_project_dir() -> Path:
    """The dbt project in the checkout."""
    return repository_root() / "dbt_project"


def executable(name: str) -> str:
    """A console script of this very environment (dbt, dagster-daemon …), whatever PATH says.

    Raises:
        FileNotFoundError: the environment has no such script; `make setup` creates it.
    """
    found = Path(sys.executable).parent / name
    if not found.exists():
        raise FileNotFoundError(f"{found} does not exist; run `make setup`")
    return str(found)
