"""The assets, one module a step, in pipeline order."""

from __future__ import annotations

from dagster import AssetsDefinition
from dagster_dbt import DbtProject

from orchestration.assets.cutoffs import cutoff
from orchestration.assets.dbt_models import dbt_models
from orchestration.assets.identity import identity_ledger
from orchestration.assets.intake import landed_files
from orchestration.assets.lake import pinned_lake
from orchestration.assets.snapshot import snapshot, tables


def all_assets(project: DbtProject) -> list[AssetsDefinition]:
    """Every asset of the graph."""
    return [landed_files, pinned_lake, *dbt_models(project), identity_ledger, cutoff, snapshot, tables]
