"""One alert a cause: what a failed check says to an analyst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from intake.ops_records import Alert, Severity
from intake.ops_store import OpsStore
from intake.project import Project

LONGEST_DETAIL = 2000
SAMPLE_ROWS = 5
RUN = "run:"
# How Dagster words the failure of a step whose blocking check did not hold.
BLOCKED = "blocking asset check"


def check_failed(
    project: Project,
    asset: str,
    check: str,
    detail: str,
    *,
    severity: Severity = "warning",
    sample: Sequence[Mapping[str, Any]] = (),
    title: str = "",
    source: str = "",
    days: tuple[date, date] | None = None,
    data_docs: str = "",
) -> Alert:
    """Open (or count again) the alert of a failed check; `check_holds` resolves it when all of the table is well.

    Args:
        project: whose alerts.
        asset: the table, `schema/name`.
        check: the check's name.
        detail: what was found.
        severity: critical where the check blocks.
        sample: a few masked rows.
        title: the sentence for an analyst, if there is a better one than the check's name.
        source: the source it is about, where it is one.
        days: the days it is about.
        data_docs: page under the Data Docs.
    """
    return OpsStore(project.paths).open_alert(
        f"check:{asset}:{check}",
        severity=severity,
        title=title or f"{asset}: check {check} failed",
        detail=detail[:LONGEST_DETAIL],
        source=source or "checks",
        at=project.clock.now(),
        sample=list(sample)[:SAMPLE_ROWS],
        days=days,
        evidence={"data_docs": data_docs} if data_docs else {},
    )


def check_holds(project: Project, asset: str, check: str) -> bool:
    """Resolve the alert of a check that looks at the whole table and holds again."""
    return OpsStore(project.paths).resolve_cause(
        f"check:{asset}:{check}", at=project.clock.now(), note="the check holds again"
    )


def run_failed(project: Project, stage: str, detail: str) -> Alert | None:
    """Open (or count again) the alert of a failed run; None where a check blocked it, which has its own alert."""
    if BLOCKED in detail:
        return None
    return OpsStore(project.paths).open_alert(
        f"run:{stage}",
        severity="critical",
        title=f"run failed in {stage} on {project.clock.now():%Y-%m-%d}",
        detail=detail[:LONGEST_DETAIL],
        source="runs",
        at=project.clock.now(),
    )


def steps_succeeded(project: Project, steps: Iterable[str]) -> list[str]:
    """Resolve the alerts of failed runs whose step went through again; returns the steps."""
    ops, now = OpsStore(project.paths), project.clock.now()
    done = set(steps)
    return [
        alert.cause.removeprefix(RUN)
        for alert in ops.standing_alerts(RUN)
        if alert.cause.removeprefix(RUN) in done and ops.resolve_cause(alert.cause, at=now, note="the step succeeded")
    ]


@dataclass(frozen=True)
class Finding:
    """Something that stands at the moment: its cause (stable name), what to tell an analyst, a few masked examples."""

    cause: str
    title: str
    detail: str = ""
    severity: Severity = "warning"
    sample: Sequence[Mapping[str, Any]] = ()


def settle(
    project: Project, family: str, findings: Sequence[Finding], *, source: str, exact: bool = False
) -> list[Alert]:
    """Open (or count again) an alert for each finding, and resolve the family's standing alerts that found nothing.

    Args:
        project: whose alerts.
        family: beginning of all causes of this kind, e.g. `identity:quarantine:`.
        findings: everything of the family that stands now.
        source: who says so.
        exact: the family is one cause and not the beginning of some.
    """
    ops, now = OpsStore(project.paths), project.clock.now()
    causes = {finding.cause for finding in findings}
    for alert in ops.standing_alerts(family):
        if alert.cause not in causes and (alert.cause == family or not exact):
            ops.resolve_cause(alert.cause, at=now)
    return [
        ops.open_alert(
            finding.cause,
            severity=finding.severity,
            title=finding.title,
            detail=finding.detail[:LONGEST_DETAIL],
            source=source,
            at=now,
            sample=list(finding.sample)[:SAMPLE_ROWS],
        )
        for finding in findings
    ]
