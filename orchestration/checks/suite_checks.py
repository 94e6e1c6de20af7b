"""The suites as asset checks that stand between a table and what is built from it."""

from collections.abc import Sequence

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetKey,
    MetadataValue,
    asset_check,
)

from intake.project import Project
from orchestration.alerts import check_failed
from orchestration.checks.docs_index import write_index
from orchestration.checks.suites import PUBLISHED, RAW, STAGED, Suite
from orchestration.checks.validation import Outcome, validate
from orchestration.groups import WRITER_POOL
from orchestration.previews import markdown_table
from orchestration.resources import Workspace


def suite_check(suite: Suite, asset: AssetKey, also_after: Sequence[AssetKey] = ()) -> AssetChecksDefinition:
    """A blocking check: what depends on `asset` waits for it and does not run when it fails."""

    @asset_check(
        asset=asset,
        name=f"{suite.name}_suite",
        description=f"Great Expectations suite `{suite.name}`: {suite.description}",
        blocking=True,
        additional_deps=list(also_after),
        pool=WRITER_POOL,
    )
    def check(context: AssetCheckExecutionContext, workspace: Workspace) -> AssetCheckResult:
        project = workspace.project()
        outcomes = validate(suite, workspace.warehouse().frame(suite.sql), project.paths.data_docs)
        write_index(project.paths.data_docs, suite, outcomes, project.clock.now())
        report_failures(project, asset, suite, outcomes)
        context.log.info("suite %s: %d of %d hold", suite.name, sum(o.success for o in outcomes), len(outcomes))
        return result(project, suite, outcomes)

    return check


def report_failures(project: Project, asset: AssetKey, suite: Suite, outcomes: Sequence[Outcome]) -> None:
    """One alert for each expectation that does not hold."""
    for outcome in outcomes:
        if not outcome.success:
            detail = f"{outcome.name}: {outcome.observed}"
            address = asset.to_user_string()
            check_failed(
                project, address, f"{suite.name}:{outcome.name}", detail, severity="critical", sample=outcome.sample
            )


def result(project: Project, suite: Suite, outcomes: Sequence[Outcome]) -> AssetCheckResult:
    """The outcomes as Dagster shows them."""
    failed = [outcome for outcome in outcomes if not outcome.success]
    rows = [(outcome.name, "holds" if outcome.success else "FAILED", outcome.observed) for outcome in outcomes]
    return AssetCheckResult(
        passed=not failed,
        severity=AssetCheckSeverity.ERROR,
        description="; ".join(f"{outcome.name}: {outcome.observed}" for outcome in failed) or "all expectations hold",
        metadata={
            "expectations": MetadataValue.md(markdown_table(("expectation", "state", "observed"), rows)),
            "data_docs": MetadataValue.path(project.paths.data_docs / suite.name / "index.html"),
        },
    )


def suite_checks() -> list[AssetChecksDefinition]:
    """Raw, staged and published data."""
    published = [AssetKey(["marts", name]) for name in ("customer_scores", "customer_segments", "segment_profile")]
    published += [AssetKey(["marts", "customer_recommendations"])]
    return [
        suite_check(RAW, AssetKey(["ops", "lake_file"])),
        suite_check(STAGED, AssetKey(["intermediate", "int_events"])),
        suite_check(PUBLISHED, AssetKey(["marts", "decision_table"]), published),
    ]
