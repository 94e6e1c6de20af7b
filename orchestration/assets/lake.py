"""Pins what a run sees of the lake."""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.pin import pin
from orchestration.resources import Workspace

LAKE_FILE = AssetSpec(
    ["ops", "lake_file"],
    deps=[["intake", "landed_files"]],
    group_name=Group.LAKE.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="The lake's visible files as this run pins them. Grain: one row a parquet file.",
)
RUN_CONTEXT = AssetSpec(
    ["ops", "run_context"],
    deps=[["intake", "landed_files"]],
    group_name=Group.LAKE.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="The moment the run looks from: nothing that arrived at or after it is seen. One row; only moves on.",
)
PENDING_DAY = AssetSpec(
    ["ops", "pending_day"],
    deps=[["intake", "landed_files"]],
    group_name=Group.LAKE.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="Days that intake touched and another run will rebuild. Grain: one row a day.",
)
CONSENT_REGIME = AssetSpec(
    ["ops", "consent_regime"],
    group_name=Group.LAKE.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="What holds for people who have said nothing (config/consent.yml). Grain: one row a place and purpose.",
)
SENSITIVE_WORD = AssetSpec(
    ["ops", "sensitive_word"],
    group_name=Group.LAKE.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="Words of categories that are no signal of a customer (config/sensitive.yml). Grain: one row a word.",
)
SUPPRESSED = AssetSpec(
    ["ops", "suppressed"],
    deps=[["intake", "landed_files"]],
    group_name=Group.LAKE.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="Source rows left out for want of consent. Grain: one row a day of intake, source, purpose and reason.",
)


PINNED = [LAKE_FILE, RUN_CONTEXT, PENDING_DAY, CONSENT_REGIME, SENSITIVE_WORD, SUPPRESSED]


@multi_asset(specs=PINNED, name="pinned_lake", pool=WRITER_POOL)
def pinned_lake(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Copy file list, moment and the tables that people edit from the operational store into the warehouse."""
    pinned = pin(workspace.ops(), workspace.warehouse(), workspace.as_of(context.run))
    lake = {"dagster/row_count": len(pinned.files), "lake_rows": pinned.rows, "unbuilt_touches": len(pinned.touched)}
    yield MaterializeResult(asset_key=LAKE_FILE.key, metadata=lake)
    yield MaterializeResult(asset_key=RUN_CONTEXT.key, metadata={"as_of": pinned.as_of.isoformat()})
    yield MaterializeResult(asset_key=PENDING_DAY.key)
    yield MaterializeResult(asset_key=CONSENT_REGIME.key)
    yield MaterializeResult(asset_key=SENSITIVE_WORD.key)
    yield MaterializeResult(asset_key=SUPPRESSED.key)
