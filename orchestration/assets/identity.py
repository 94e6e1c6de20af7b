"""Who is who: the identity ledger, resolved from all evidence that has arrived."""

from collections.abc import Iterator

import pandas as pd
from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from ml.identity import Evidence, resolve
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.previews import frame_preview
from orchestration.resources import Workspace
from orchestration.warehouse import Warehouse

EVIDENCE = [["intermediate", "int_identifier_seen_daily"], ["intermediate", "int_identity_pair_daily"]]
DESCRIPTIONS = {
    "identifier": "Every identifier ever seen. Grain: one row an identifier.",
    "identity_edge": "Evidence that two identifiers belong together, and whether it was accepted. Grain: one row a "
    "pair and rule.",
    "canonical": "People. Grain: one row a canonical id, kept when redirected.",
    "identity_assignment": "Which person an identifier belonged to, as known when. Bitemporal.",
    "identity_event": "Creations and merges, with their cause.",
    "identity_quarantine": "Evidence that was refused, and why.",
}
SPECS = [
    AssetSpec(
        ["identity", table],
        deps=EVIDENCE,
        group_name=Group.IDENTITY.value,
        owners=OWNERS,
        kinds={"python", "duckdb"},
        description=description,
    )
    for table, description in DESCRIPTIONS.items()
]
IDENTIFIERS = """
    select identifier_key, min(type) as type, min(value_hash) as value_hash,
        min(first_occurred_at) as first_seen_at, max(last_occurred_at) as last_seen_at,
        min(first_received_at) as first_received_at
    from intermediate.int_identifier_seen_daily
    where first_received_at < (select max(as_of) from ops.run_context)
    group by identifier_key
"""
PAIRS = """
    select a_key, b_key, rule, source, min(first_received_at) as first_received_at,
        max(last_received_at) as last_received_at, cast(sum(n_observed) as bigint) as n_observed
    from intermediate.int_identity_pair_daily
    where first_received_at < (select max(as_of) from ops.run_context)
    group by a_key, b_key, rule, source
"""


@multi_asset(specs=SPECS, name="identity_ledger", pool=WRITER_POOL)
def identity_ledger(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Resolve the evidence and replace the ledger's tables in one transaction."""
    tables = ledger_tables(workspace.warehouse())
    for name, frame in tables.items():
        context.log.info("identity.%s: %d rows", name, len(frame))
        yield MaterializeResult(
            asset_key=["identity", name], metadata={"dagster/row_count": len(frame), "preview": frame_preview(frame)}
        )


def ledger_tables(warehouse: Warehouse) -> dict[str, pd.DataFrame]:
    """Read the evidence, resolve it, write the ledger; returns the tables as written."""
    tables = resolve(Evidence(warehouse.frame(IDENTIFIERS), warehouse.frame(PAIRS))).tables()
    warehouse.replace({f"identity.{name}": frame for name, frame in tables.items()})
    return tables
