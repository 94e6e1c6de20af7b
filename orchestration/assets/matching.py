"""Who may be who: records that name people, compared by name, address, birth date, e-mail and phone."""

import time
from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from ml.matching import Matches, match_records
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.matching_records import load_model, role_records, seen_batches
from orchestration.pin import current_as_of
from orchestration.previews import frame_preview
from orchestration.resources import Workspace

DESCRIPTIONS = {
    "match_pair": "Pairs of identifiers whose records are probably one person's. Grain: one row a pair and rule.",
    "match_veto": "Pairs of identifiers that no probable link may bring together: other first name or birth date, "
    "twins, father and son. Grain: one row a pair.",
    "match_flag": "E-mails and phones that a household shares. Grain: one row an identifier.",
    "household": "Records with the same address and family name; a relation, never a merge. Grain: one row a "
    "household and identifier.",
}
SPECS = [
    AssetSpec(
        ["identity", table],
        deps=[["ops", "lake_file"], ["ops", "run_context"]],
        group_name=Group.IDENTITY.value,
        owners=OWNERS,
        kinds={"python", "duckdb"},
        description=description,
    )
    for table, description in DESCRIPTIONS.items()
]


@multi_asset(specs=SPECS, name="identity_matching", pool=WRITER_POOL)
def identity_matching(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Match the vault's records that the run may see and replace the tables of matching in one transaction."""
    started = time.monotonic()
    records, matches = match_vault(workspace)
    context.log.info("%d records: %d pairs, %d vetoes", records, len(matches.pair), len(matches.veto))
    seconds = round(time.monotonic() - started, 1)
    counts = {"records": records, "candidates": len(matches.pair), "vetoed": len(matches.veto)}
    for name, frame in matches.tables().items():
        yield MaterializeResult(
            asset_key=["identity", name],
            metadata={
                "dagster/row_count": len(frame),
                **counts,
                "flags": len(matches.flag),
                "seconds": seconds,
                "preview": frame_preview(frame),
            },
        )


def match_vault(workspace: Workspace) -> tuple[int, Matches]:
    """Number of records compared, and what was found; without any record nothing is compared."""
    project, warehouse = workspace.project(), workspace.warehouse()
    as_of = current_as_of(warehouse)
    batches = seen_batches(workspace.ops().batches(), warehouse) if as_of else []
    records = role_records(project, batches, as_of or project.clock.now())
    matches = match_records(records, load_model(project.paths))
    warehouse.replace({f"identity.{name}": frame for name, frame in matches.tables().items()})
    return len(records), matches
