"""dbt's parsed project, made once for every test of the whole system: parsing costs 11 CPU seconds a data folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from intake.paths import DataPaths, repository_root
from orchestration.dbt import dbt_project, ensure_manifest
from orchestration.environment import dbt_target, variables


@pytest.fixture(scope="session")
def parsed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder's `dbt/target` after parsing; the workers of a session share it, the first one makes it."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    paths = DataPaths(shared / "parsed")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables(paths, repository_root() / "config").items():
            environment.setenv(name, value)
        ensure_manifest(dbt_project())
    return dbt_target(paths)


def lend(parsed: Path, data: Path) -> None:
    """Put what was parsed into a fresh data folder, whose first run finds nothing to parse."""
    shutil.copytree(parsed, dbt_target(DataPaths(data)))
