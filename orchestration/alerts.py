"""One alert a cause: what a failed check says to an analyst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intake.ops_records import Alert, Severity
from intake.ops_store import OpsStore
from intake.project import Project

LONGEST_DETAIL = 2000
SAMPLE_ROWS = 5


def check_failed(
    project: Project,
    asset: str,
    check: str,
    detail: str,
    *,
    severity: Severity = "warning",
    sample: Sequence[Mapping[str, Any]] = (),
) -> Alert:
    """Open (or count again) the alert of a failed check. Nothing resolves it but an analyst."""
    return OpsStore(project.paths).open_alert(
        f"check:{asset}:{check}",
        severity=severity,
        title=f"{asset}: check {check} failed",
        detail=detail[:LONGEST_DETAIL],
        source="checks",
        at=project.clock.now(),
        sample=list(sample)[:SAMPLE_ROWS],
    )


def run_failed(project: Project, stage: str, detail: str) -> Alert:
    """Open (or count again) the alert of a failed run."""
    return OpsStore(project.paths).open_alert(
        f"run:{stage}",
        severity="critical",
        title=f"run failed in {stage}",
        detail=detail[:LONGEST_DETAIL],
        source="runs",
        at=project.clock.now(),
    )


@dataclass(frozen=True)
class Finding:
    """Something that stands at the moment: its cause (stable name), what to tell an analyst, a few masked examples."""

    cause: str
    title: str
    detail: str = ""
    severity: Severity = "warning"
    sample: Sequence[Mapping[str, Any]] = ()


def settle(project: Project, family: str, findings: Sequence[Finding], *, source: str) -> list[Alert]:
    """Open (or count again) an alert for each finding, and resolve the family's standing alerts that found nothing.

    Args:
        project: whose alerts.
        family: beginning of all causes of this kind, e.g. `identity:quarantine:`.
        findings: everything of the family that stands now.
        source: who says so.
    """
    ops, now = OpsStore(project.paths), project.clock.now()
    causes = {finding.cause for finding in findings}
    for alert in ops.list_alerts():
        if alert.state != "resolved" and alert.cause.startswith(family) and alert.cause not in causes:
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
