"""The suites as asset checks that stand between a table and what is built from it."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
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
from orchestration.alerts import check_failed, check_holds
from orchestration.checks.docs_index import write_index
from orchestration.checks.guests import without_guests
from orchestration.checks.suites import PROFILES, PUBLISHED, RAW, STAGED, Suite
from orchestration.checks.validation import Outcome, validate
from orchestration.groups import WRITER_POOL
from orchestration.previews import markdown_table
from orchestration.resources import Workspace
from orchestration.warehouse import Warehouse


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
        outcomes = judged(project, suite, workspace.warehouse())
        report_failures(project, asset, suite, outcomes)
        context.log.info("suite %s: %d of %d hold", suite.name, sum(o.success for o in outcomes), len(outcomes))
        return result(project, suite, outcomes)

    return check


def judged(project: Project, suite: Suite, warehouse: Warehouse) -> list[Outcome]:
    """A suite on the warehouse as it is; what a shop of guests alone cannot meet does not block it."""
    outcomes = validated(project, suite, warehouse.frame(suite.sql))
    return without_guests(outcomes, warehouse, project.paths.snapshots)


def validated(project: Project, suite: Suite, frame: pd.DataFrame) -> list[Outcome]:
    """Validate a frame, with its page of Data Docs and its line on the front page."""
    outcomes = validate(suite, frame, project.paths.data_docs)
    write_index(project.paths.data_docs, suite, outcomes, project.clock.now())
    return outcomes


def report_failures(project: Project, asset: AssetKey, suite: Suite, outcomes: Sequence[Outcome]) -> None:
    """One alert for each expectation that does not hold; one that holds again resolves its own."""
    address = asset.to_user_string()
    for outcome in outcomes:
        check = f"{suite.name}:{outcome.name}"
        if outcome.success:
            check_holds(project, address, check)
            continue
        sources = sorted({str(row["source"]) for row in outcome.sample if row.get("source")})
        check_failed(
            project,
            address,
            check,
            f"{outcome.name}: {outcome.observed}",
            title=f"{', '.join(sources) or address}: expected that {outcome.name}, {outcome.observed}",
            source=sources[0] if len(sources) == 1 else "",
            severity="critical" if outcome.blocking else "warning",
            sample=outcome.sample,
            days=_days(outcome),
            data_docs=f"{suite.name}/index.html",
        )


def _days(outcome: Outcome) -> tuple[date, date] | None:
    days = sorted({date.fromisoformat(str(row["event_date"])[:10]) for row in outcome.sample if row.get("event_date")})
    return (days[0], days[-1]) if days else None


def result(project: Project, suite: Suite, outcomes: Sequence[Outcome]) -> AssetCheckResult:
    """The outcomes as Dagster shows them."""
    failed = [outcome for outcome in outcomes if not outcome.success]
    rows = [(outcome.name, "holds" if outcome.success else "FAILED", outcome.observed) for outcome in outcomes]
    return AssetCheckResult(
        passed=not failed,
        severity=AssetCheckSeverity.ERROR if any(one.blocking for one in failed) else AssetCheckSeverity.WARN,
        description="; ".join(f"{outcome.name}: {outcome.observed}" for outcome in failed) or "all expectations hold",
        metadata={
            "expectations": MetadataValue.md(markdown_table(("expectation", "state", "observed"), rows)),
            "data_docs": MetadataValue.path(project.paths.data_docs / suite.name / "index.html"),
            "data_docs_front_page": MetadataValue.path(project.paths.data_docs / "index.html"),
        },
    )


def suite_checks() -> list[AssetChecksDefinition]:
    """Raw data, staged events, profiles and published tables."""
    published = [AssetKey(["marts", name]) for name in ("customer_scores", "customer_segments", "segment_profile")]
    published += [AssetKey(["marts", "customer_recommendations"])]
    return [
        suite_check(RAW, AssetKey(["ops", "lake_file"])),
        suite_check(STAGED, AssetKey(["intermediate", "int_events"])),
        suite_check(PROFILES, AssetKey(["marts", "customer_features"]), [AssetKey(["marts", "dim_customer"])]),
        suite_check(PUBLISHED, AssetKey(["marts", "decision_table"]), published),
    ]
