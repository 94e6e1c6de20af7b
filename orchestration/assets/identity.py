"""Who is who: the identity ledger, resolved from all evidence that has arrived."""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetSpec, Config, MaterializeResult, multi_asset
from pydantic import Field

from ml.identity import IdentityRules
from orchestration.erasure.warehouse_store import note_erased
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.identity.ledger import update_ledger
from orchestration.identity.write import Written
from orchestration.previews import frame_preview
from orchestration.resources import Workspace

EVIDENCE = [
    ["intermediate", "int_identifier_seen_daily"],
    ["intermediate", "int_identity_pair_daily"],
    *(["identity", table] for table in ("match_pair", "match_veto", "match_flag", "household")),
]
DESCRIPTIONS = {
    "identifier": "Every identifier ever seen. Grain: one row an identifier.",
    "identity_edge": "Evidence that two identifiers belong together, and whether it was accepted. Grain: one row a "
    "pair and rule.",
    "canonical": "People. Grain: one row a canonical id, kept when redirected.",
    "identity_assignment": "Which person an identifier belonged to, as known when. Bitemporal.",
    "identity_event": "The change feed: creations, merges, splits, un-merges and erasures, with their cause.",
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


class LedgerConfig(Config):
    """How the ledger is brought up to date."""

    full: bool = Field(default=False, description="resolve all evidence again, also what has not changed")


@multi_asset(specs=SPECS, name="identity_ledger", pool=WRITER_POOL)
def identity_ledger(
    context: AssetExecutionContext, config: LedgerConfig, workspace: Workspace
) -> Iterator[MaterializeResult[None]]:
    """Resolve the groups whose evidence changed and write the rows that came out differently, in one transaction."""
    rules = IdentityRules(**workspace.project().settings.identity.model_dump())
    warehouse = workspace.warehouse()
    update = update_ledger(warehouse, rules, full=config.full)
    with warehouse.connect() as connection:
        note_erased(connection, workspace.ops().tombstones())
    read = ", ".join(f"{rows} {kind}" for kind, rows in update.evidence.items())
    context.log.info(
        "evidence: %s; %d identifiers resolved, %d rows written", read, update.touched, update.rows_written
    )
    for name in DESCRIPTIONS:
        written = update.written.get(name, Written(0, 0))
        yield MaterializeResult(
            asset_key=["identity", name],
            metadata={
                "dagster/row_count": warehouse.count(f"identity.{name}"),
                "rows_inserted": written.inserted,
                "rows_deleted": written.deleted,
                "evidence": update.evidence,
                "identifiers_resolved": update.touched,
                "preview": frame_preview(warehouse.frame(f"select * from identity.{name} limit 5")),
            },
        )
