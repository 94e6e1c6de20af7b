"""The daily look at what is older than the settings allow."""

from dagster import AssetExecutionContext, MaterializeResult, asset
from filelock import FileLock

from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.resources import Workspace
from orchestration.retention import enforce


@asset(
    key=["ops", "retention"],
    deps=[["published", "tables"], ["serving", "snapshot"]],
    group_name=Group.SNAPSHOT.value,
    owners=OWNERS,
    kinds={"python"},
    pool=WRITER_POOL,
    description="Removes what is older than `retention` in the settings allows; nothing when no days are set.",
)
def retention(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Enforce the settings, and say what went."""
    project = workspace.project()
    with FileLock(project.paths.root / "intake.lock"):
        done = enforce(project)
    for one in done:
        context.log.info("%s: %d %s from before %s removed", one.store, one.count, one.what, one.before.date())
    return MaterializeResult(metadata={one.store: one.count for one in done})
