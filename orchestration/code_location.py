"""Assembles the definitions for the data folder that the environment names."""

from __future__ import annotations

import os
from functools import lru_cache

from dagster import Definitions, in_process_executor

from orchestration.assets import all_assets
from orchestration.checks import all_checks
from orchestration.dbt import dbt_project, dbt_resource, ensure_manifest
from orchestration.jobs import JOBS
from orchestration.resources import Workspace
from orchestration.schedules import SCHEDULES
from orchestration.sensors import SENSORS


def build_definitions() -> Definitions:
    """Assets, checks, jobs, schedules, sensors and resources; parses the dbt project first when it changed."""
    project = dbt_project()
    ensure_manifest(project)
    return Definitions(
        assets=all_assets(project),
        asset_checks=all_checks(),
        jobs=JOBS,
        schedules=SCHEDULES,
        sensors=SENSORS,
        resources={"workspace": Workspace(), "dbt": dbt_resource(project)},
        executor=in_process_executor,
    )


def definitions_of_environment() -> Definitions:
    """The definitions, built once a process and dbt target folder."""
    return _built(os.environ["DBT_TARGET_PATH"])


@lru_cache(maxsize=4)
def _built(_target: str) -> Definitions:
    return build_definitions()
