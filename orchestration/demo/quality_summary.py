"""Checks that ran, and alerts that stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.cli.console import say, show_table

MOST_LINES = 8


@dataclass(frozen=True)
class CheckResult:
    """One asset check of a run."""

    asset: str
    check: str
    passed: bool
    severity: str


def check_results(project: Project, run_ids: Sequence[str]) -> list[CheckResult]:
    """Every asset check (dbt tests, suites and our own) that the given Dagster runs evaluated."""
    from dagster import DagsterEventType

    from orchestration.instance import open_instance

    found = []
    with open_instance(project.paths, quiet=True) as instance:
        for run_id in run_ids:
            for entry in instance.all_logs(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION):
                if entry.dagster_event is None:
                    continue
                result = entry.dagster_event.asset_check_evaluation_data
                address = "/".join(result.asset_key.path)
                found.append(CheckResult(address, result.check_name, result.passed, result.severity.value))
    return found


def show_quality(project: Project, results: Sequence[CheckResult]) -> None:
    """How many checks held, which did not, and the standing alerts."""
    failed = [result for result in results if not result.passed]
    if results:
        say(f"Checks: {len(results) - len(failed)} of {len(results)} hold")
    else:
        say("Checks: none ran, nothing had changed")
    for result in failed[:MOST_LINES]:
        say(f"  does not hold ({result.severity.lower()}): {result.asset}: {result.check}")
    alerts = [alert for alert in OpsStore(project.paths).list_alerts() if alert.state != "resolved"]
    rows = [(alert.alert_id, alert.severity, alert.state, alert.count, alert.title) for alert in alerts[:MOST_LINES]]
    title = f"Alerts: {len(alerts)} standing" + (f", the latest {MOST_LINES}" if len(alerts) > MOST_LINES else "")
    show_table(("id", "severity", "state", "times", "what"), rows, title=title)
    if alerts:
        say("An analyst would: concierge alerts show ID, alerts ack ID --note …, alerts resolve ID")
