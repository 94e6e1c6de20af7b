"""Alerts about experiments that run: what spoils one, and what harms; resolved when it is well again, or over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from intake.ops_records import Severity
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.experiments.reading import Reading
from orchestration.experiments.settling import FAMILY, ended_by, settle

WELL = "the experiment is well again"
GONE = "no such experiment was read out any more"
Cause = tuple[str, Severity, str, str]


def tell(project: Project, readings: Sequence[Reading]) -> list[str]:
    """Open an alert for every cause that stands and resolve the others; the causes that stand."""
    ops, now = OpsStore(project.paths), project.clock.now()
    standing: list[str] = []
    for reading in readings:
        if reading.is_closed:
            settle(ops, reading.design.key, ended_by(reading.design, reading.events), now)
            continue
        for cause, severity, title, detail in _causes(reading):
            standing.append(cause)
            ops.open_alert(cause, severity=severity, title=title, detail=detail, source="experiments", at=now)
    for alert in ops.standing_alerts(FAMILY):
        if alert.cause.startswith(FAMILY) and alert.cause not in standing:
            is_read = alert.cause.rpartition(":")[2] in {reading.design.key for reading in readings}
            ops.resolve_cause(alert.cause, at=now, note=WELL if is_read else GONE)
    return standing


def _causes(reading: Reading) -> Iterator[Cause]:
    key = reading.design.key
    for check in reading.checks:
        if check.spoils and not check.is_ok:
            cause = f"{FAMILY}{check.name.replace(' ', '_')}:{key}"
            yield cause, "critical", f"experiment {key}: {check.name} is wrong", check.words
    if reading.verdict == "stop":
        yield f"{FAMILY}harm:{key}", "critical", f"experiment {key}: {reading.arm} harms", reading.words
