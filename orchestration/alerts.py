"""One alert a cause: what a failed check says to an analyst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
