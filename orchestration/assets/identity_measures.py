"""How well people are recognised, by day, and what an analyst should look at."""

from collections.abc import Iterator
from datetime import timedelta

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    asset,
)

from ml.identity_picture import identity_figure
from orchestration.checks.identity_checks import blocked_before, watch_blocked, watch_match_rate, watch_quarantine
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.identity_metrics import keep, match_rates, measures, sizes, state
from orchestration.previews import markdown_table, picture
from orchestration.resources import Workspace

KEY = ["identity", "measures"]
CHECKS = {
    "match_rate_jump": "No source's match rate left that of the week before (settings: quality).",
    "quarantined_profiles": "No profile is in quarantine.",
    "blocked_identifiers": "No identifier was blocked since the run before.",
}
PICTURED_DAYS = 60
Measured = MaterializeResult[None] | AssetCheckResult


@asset(
    key=KEY,
    deps=[["marts", "identity_metric_daily"], ["marts", "match_rate_daily"], ["identity", "canonical"]],
    check_specs=[AssetCheckSpec(name, asset=KEY, description=text) for name, text in CHECKS.items()],
    group_name=Group.PROFILES.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Match rate by source and day, sizes of profiles, shared and blocked identifiers, merges and splits: "
    "kept by day in ops.metric_daily, with an alert for each thing that an analyst should look at.",
)
def identity_measures(context: AssetExecutionContext, workspace: Workspace) -> Iterator[Measured]:
    """Keep today's measures; warn of jumps, of profiles in quarantine and of newly blocked identifiers."""
    project, ops, warehouse = workspace.project(), workspace.ops(), workspace.warehouse()
    today = workspace.as_of(context.run).date()
    found, rates = measures(warehouse), match_rates(warehouse)
    now = state(found)
    verdicts = {
        "match_rate_jump": watch_match_rate(project, rates, today - timedelta(days=1)),
        "quarantined_profiles": watch_quarantine(project, warehouse),
        "blocked_identifiers": watch_blocked(project, now, blocked_before(ops)),
    }
    kept = keep(ops, found, today=today, at=project.clock.now())
    recent = rates[rates["event_date"].astype(str) > str(today - timedelta(days=PICTURED_DAYS))]
    yield MaterializeResult(
        metadata={
            "dagster/row_count": len(found),
            "kept": kept,
            "picture": picture(identity_figure(sizes(found), recent), "Sizes of profiles, and match rate by day"),
            "state": MetadataValue.md(markdown_table(list(now.columns), now.itertuples(index=False))),
        }
    )
    for name, verdict in verdicts.items():
        yield AssetCheckResult(
            check_name=name,
            passed=verdict.passed,
            severity=AssetCheckSeverity.WARN,
            description=verdict.sentence,
        )
