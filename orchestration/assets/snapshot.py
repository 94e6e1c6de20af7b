"""The last steps: a serving snapshot, and the tables that people read."""

from collections.abc import Set as AbstractSet

from dagster import AssetExecutionContext, AssetKey, MaterializeResult, MetadataValue, asset

from orchestration.changed_customers import publish_changed
from orchestration.export import publish_tables
from orchestration.fingerprint import definition_hash
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.pin import fold_operations
from orchestration.policy.evidence import markdown
from orchestration.previews import markdown_table
from orchestration.publish import publish_snapshot
from orchestration.refresh.customers import settle
from orchestration.refresh.marks import carried
from orchestration.refresh.scope import SCOPE_TAG, TOUCHED
from orchestration.resources import Workspace

# Either tells the service.
SERVED = {"serving/snapshot", "serving/changed_customers"}
# What a run has to have made again to have answered what waited.
CARRIED = {"refresh/customer", "marts/customer_features", "marts/fct_session", "marts/customer_segments"}
CURRENT_PEOPLE = ["customer_consent", "customer_features", "customer_segments", "customer_scores", "fct_exposure"]
PUBLISHED = ["customer_scores", "customer_segments", "customer_recommendations", "decision_table"]


@asset(
    key=["serving", "snapshot"],
    deps=[
        *(["marts", table] for table in [*PUBLISHED, "customer_incentives"]),
        ["ml", "arm_probability"],
        ["ml", "assignment"],
        ["ml", "rule_segment_member"],
        ["ml", "micro_segment"],
        ["ml", "click_effect"],
    ],
    group_name=Group.SNAPSHOT.value,
    owners=OWNERS,
    kinds={"python", "lmdb"},
    pool=WRITER_POOL,
    description="One immutable version of everything the lookup service needs: written beside the live one, read back "
    "and verified, then made live in one step. Older versions stay for rollback.",
)
def snapshot(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Build, verify, switch, prune."""
    done = publish_snapshot(workspace.project(), workspace.warehouse(), workspace.models())
    context.log.info("snapshot %s is live", done.version)
    return MaterializeResult(
        metadata={
            "version": done.version,
            "as_of": done.as_of,
            "bytes": done.total_bytes,
            "dagster/row_count": done.counts.get("profile", 0),
            "counts": MetadataValue.md(markdown_table(("table", "rows"), sorted(done.counts.items()))),
            "removed": ", ".join(done.removed) or "none",
            "guardrails": MetadataValue.md(markdown(done.proof)),
        }
    )


@asset(
    key=["serving", "changed_customers"],
    deps=[
        ["refresh", "customer"],
        ["refresh", "identifier"],
        *(["marts", table] for table in CURRENT_PEOPLE),
        ["ml", "arm_probability"],
    ],
    group_name=Group.SNAPSHOT.value,
    owners=OWNERS,
    kinds={"python", "lmdb"},
    pool=WRITER_POOL,
    description="Customers and identifiers that an hourly run found changed, beside the data file of the live version: "
    "verified, proved and made live in one step. The daily run writes all of them into a new data file instead.",
)
def changed_customers(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Publish when there is a live version and somebody differs from it."""
    done = publish_changed(workspace.project(), workspace.warehouse())
    if done is None:
        context.log.info("changed customers: as they are live")
        return MaterializeResult(metadata={"version": "unchanged"})
    context.log.info("snapshot %s is live: %s with %s", done.version, done.before, dict(done.rows))
    return MaterializeResult(
        metadata={
            "version": done.version,
            "dagster/row_count": done.rows["profile"],
            "rows": MetadataValue.md(markdown_table(("table", "rows"), sorted(done.rows.items()))),
            "guardrails": MetadataValue.md(markdown(done.proof)),
        }
    )


@asset(
    key=["published", "tables"],
    deps=[
        *(["marts", table] for table in PUBLISHED),
        ["identity", "measures"],
        ["ops", "guardrail_event"],
        # Once the tables are out nobody waits any more.
        ["serving", "changed_customers"],
    ],
    group_name=Group.SNAPSHOT.value,
    owners=OWNERS,
    kinds={"python", "parquet", "duckdb"},
    pool=WRITER_POOL,
    description="The public schemas as parquet and one DuckDB file behind the link `current`; readers open only these.",
)
def tables(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Export all public tables; alerts, metrics and runs as they stand now."""
    fold_operations(workspace.ops(), workspace.warehouse())
    moment = workspace.as_of(context.run)
    hourly = context.run.tags.get(SCOPE_TAG) == TOUCHED
    version = f"{moment:%Y%m%dT%H%M%S}-{context.run.run_id[:8]}"
    done = publish_tables(workspace.project(), version, only_changes=hourly)
    asked_for = {key.to_user_string() for key in _asked_for(context)}
    if asked_for >= CARRIED and asked_for & SERVED:
        settle(workspace.warehouse(), definition_hash(workspace.project()), context.run.run_id)
        carried(workspace.ops(), context.run.run_id)
    return MaterializeResult(
        metadata={
            "version": done.version,
            "dagster/row_count": sum(done.rows.values()),
            "tables": MetadataValue.md(markdown_table(("table", "rows"), sorted(done.rows.items()))),
        }
    )


def _asked_for(context: AssetExecutionContext) -> AbstractSet[AssetKey]:
    """The assets that this run makes."""
    return context.op_execution_context.job_def.asset_layer.selected_asset_keys
