"""What came of what was shown, and how often each arm is drawn from now on."""

from collections.abc import Iterator

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    MaterializeResult,
    asset,
    multi_asset,
)

from intake.ops_records import Severity
from orchestration.alerts import check_failed, check_holds
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.learning.judging import BLOCKING, WARNING, verdicts
from orchestration.learning.measures import record_measures
from orchestration.learning.registry import read_registry
from orchestration.learning.tick import publish, update
from orchestration.learning.values import renew_values
from orchestration.refresh.scope import SCOPE_TAG, TOUCHED
from orchestration.resources import Workspace
from orchestration.warehouse_migration import bring_up_to_date

READ = [
    ["intake", "landed_files"],
    *(["marts", f"fct_{name}"] for name in ("decision", "exposure", "outcome", "offer")),
    ["marts", "dim_product"],
    ["intermediate", "int_lake_in_facts"],
    ["ml", "value_score"],
]
DESCRIPTIONS = {
    "attribution": "Which exposure of an experiment each outcome is credited to, or why to none. Grain: one row an "
    "outcome and experiment.",
    "arm_stats": "Live exposures and what came of them. Grain: one row an arm, cell and hour of exposure.",
    "conversion_delay": "How long conversions take. Grain: one row an experiment and hour of delay.",
    "arm_probability": "Probability of each arm of each bandit, floor included. Grain: one row an arm and cell.",
}
# What stops publishing hangs on what is published.
CHECKED = {**dict.fromkeys(WARNING, "arm_stats"), **dict.fromkeys(BLOCKING, "arm_probability")}
DESCRIBED = {
    "every_exposure_counts_once": "The sums by arm and hour hold every live exposure once.",
    "probabilities_are_whole": "Each cell sums to 1 and no arm falls below its floor.",
    "outcomes_know_their_exposure": "Few outcomes name an exposure that nobody knows.",
    "no_order_is_outsized": "No single order weighs more than a thousand usual ones.",
    "exploration_is_as_published": "As many see another arm than the likeliest as the probabilities say.",
}
SPECS = [
    AssetSpec(
        ["ml", table],
        deps=READ,
        group_name=Group.DECISIONS.value,
        owners=OWNERS,
        kinds={"python", "duckdb"},
        description=description,
    )
    for table, description in DESCRIPTIONS.items()
]
Learned = MaterializeResult[None] | AssetCheckResult


@multi_asset(
    specs=SPECS,
    check_specs=[
        AssetCheckSpec(name, asset=AssetKey(["ml", table]), blocking=name in BLOCKING, description=DESCRIBED[name])
        for name, table in CHECKED.items()
    ],
    name="learning",
    pool=WRITER_POOL,
)
def learning(context: AssetExecutionContext, workspace: Workspace) -> Iterator[Learned]:
    """Credit and count what is new, work out the probabilities, and look whether all of it holds together."""
    project, warehouse, as_of = workspace.project(), workspace.warehouse(), workspace.as_of(context.run)
    registry = read_registry(project)
    with warehouse.connect() as connection:
        bring_up_to_date(connection)
        renew_values(connection, registry, as_of)
    done = update(project, registry, as_of, look_at_facts=True)
    context.log.info("%s", done)
    for table in DESCRIPTIONS:
        yield MaterializeResult(
            asset_key=["ml", table],
            metadata={"dagster/row_count": warehouse.count(f"ml.{table}"), "table_version": done.table_version},
        )
    explored = record_measures(project, warehouse, as_of.date()) if done.is_ready else []
    with warehouse.connect() as connection:
        found = verdicts(connection, registry, explored, fully=context.run.tags.get(SCOPE_TAG) != TOUCHED)
    for verdict in found:
        address = f"ml/{CHECKED[verdict.name]}"
        if verdict.passed:
            check_holds(project, address, verdict.name)
        else:
            severity: Severity = "critical" if verdict.blocking else "warning"
            check_failed(project, address, verdict.name, verdict.sentence, severity=severity)
        yield AssetCheckResult(
            asset_key=AssetKey(address.split("/")),
            check_name=verdict.name,
            passed=verdict.passed,
            severity=AssetCheckSeverity.ERROR if verdict.blocking else AssetCheckSeverity.WARN,
            description=verdict.sentence,
        )


@asset(
    key=["serving", "arm_probability"],
    deps=[["ml", "arm_probability"], ["serving", "snapshot"]],
    group_name=Group.SNAPSHOT.value,
    owners=OWNERS,
    kinds={"python", "lmdb"},
    pool=WRITER_POOL,
    description="New probabilities on the live version, its profiles linked and not copied. Nothing happens where "
    "they are what is live, as after a snapshot of the same run.",
)
def live_probabilities(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Publish when there is a live version and something to say."""
    version = publish(workspace.project())
    context.log.info("probabilities: %s", version or "as they are live")
    return MaterializeResult(metadata={"version": version or "unchanged"})


LEARNING_ASSETS = [learning, live_probabilities]
