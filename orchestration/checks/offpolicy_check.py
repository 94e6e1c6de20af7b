"""In front of publishing: whether logged traffic speaks for changed placements and policies."""

from __future__ import annotations

from dagster import AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, AssetKey, asset_check

from orchestration.alerts import check_failed, check_holds
from orchestration.groups import WRITER_POOL
from orchestration.offpolicy.judge import judge_files
from orchestration.resources import Workspace

DECISIONS = AssetKey(["marts", "decision_table"])
NAME = "changed_policies_on_logged_traffic"


@asset_check(
    asset=DECISIONS,
    name=NAME,
    blocking=True,
    pool=WRITER_POOL,
    description="Changed files of a placement earn no less on logged traffic (settings: offpolicy).",
)
def changed_policies(workspace: Workspace) -> AssetCheckResult:
    """Passes at once unless `offpolicy.required` is set and a file differs from what is live."""
    project = workspace.project()
    judged = judge_files(project, workspace.warehouse().connect)
    if judged.refused:
        check_failed(project, DECISIONS.to_user_string(), NAME, judged.sentence, severity="critical")
    else:
        check_holds(project, DECISIONS.to_user_string(), NAME)
    return AssetCheckResult(passed=not judged.refused, severity=AssetCheckSeverity.ERROR, description=judged.sentence)


OFFPOLICY_CHECKS: list[AssetChecksDefinition] = [changed_policies]
