"""Whether a surface has to stop personalizing, judged after each run and written down with its evidence."""

from collections.abc import Iterator

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    MaterializeResult,
    MetadataValue,
    asset,
)

from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.pausing.tick import tick
from orchestration.previews import markdown_table
from orchestration.resources import Workspace

KEY = ["ops", "guardrail_event"]
SEEN = [
    ["ops", "metric_daily"],
    ["marts", "match_rate_daily"],
    ["marts", "fct_exposure"],
    ["marts", "fct_outcome"],
]
SNAPSHOT = AssetKey(["serving", "snapshot"])
CHECK = "no_surface_is_paused"
Paused = MaterializeResult[None] | AssetCheckResult


@asset(
    key=KEY,
    deps=SEEN,
    check_specs=[AssetCheckSpec(CHECK, asset=KEY, description="No surface paused by itself (settings: pausing).")],
    group_name=Group.SNAPSHOT.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Looks at match rate, drift, age of the snapshot, conversions and experiments; what is beyond its "
    "bound pauses its surface within one tick of the service. Steps and evidence are exported with the tables.",
)
def guardrails(context: AssetExecutionContext, workspace: Workspace) -> Iterator[Paused]:
    """Look once; pause and resume as configured."""
    project, ops = workspace.project(), workspace.ops()
    # A run that publishes is about to replace the snapshot, whatever its age.
    publishes = SNAPSHOT in context.op_execution_context.job_def.asset_layer.selected_asset_keys
    steps = tick(project, workspace.as_of(context.run), project.clock.now(), is_publishing=publishes)
    for step in steps:
        context.log.warning("%s %s (%s): %s", step.kind, step.surface, step.cause, step.reason)
    standing = [pause for pause in ops.pauses() if pause.is_automatic]
    rows = [
        (surface, cause, one.streak.look.verdict, one.streak.look.told)
        for (surface, cause), one in ops.standings(project.clock.now()).items()
        if one.streak.look is not None
    ]
    yield MaterializeResult(
        metadata={
            "dagster/row_count": len(ops.pause_events()),
            "steps": len(steps),
            "looks": MetadataValue.md(markdown_table(("surface", "cause", "verdict", "what was seen"), rows)),
        }
    )
    yield AssetCheckResult(
        check_name=CHECK,
        passed=not standing,
        severity=AssetCheckSeverity.WARN,
        description="; ".join(f"{one.scope} ({one.cause}): {one.reason}" for one in standing) or "nothing is paused",
    )
