"""What is odd about days becomes alerts: one a source and kind, extended by later days, resolved when days are well."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta

from intake.ops_alerts import SAME_CAUSE, SYSTEM
from intake.ops_records import Alert, Severity
from intake.ops_store import OpsStore
from intake.project import Project
from intake.settings_quality import KINDS
from ml.watch.oddity import HOURS, Kind, Oddity
from ml.watch.rhythm import Silence
from orchestration.quality.affected import Reach

FAMILY = "quality:"
SEVERITIES: Mapping[Kind, Severity] = {"silent": "critical", "amounts": "critical", "clock": "critical"}
# A file that could not be read, or rows set aside, leave gaps: told with what intake said, not beside it.
FOLLOWS_INTAKE = frozenset({"silent", "volume_low", "mix", "categories", "nulls", "clock", "orphans"})
FOLLOWS_SCHEMA = frozenset({"nulls", "amounts", "mix", "categories", "orphans", "volume_low", "silent"})
INTAKE_REACH = timedelta(days=2)
WELL = "the days are well again: what was missing arrived, or they were rebuilt"


def family_of(source: str, kind: str) -> str:
    """The cause of an alert without its days."""
    return f"{FAMILY}{kind}:{source}"


def quiet_families(silences: Iterable[Silence]) -> set[str]:
    """Families of the alerts that the check of arrivals opens."""
    return {family_of(one.source, "silent") for one in silences if one.is_stale}


def settle_days(
    project: Project,
    found: Sequence[Oddity],
    judged: Mapping[str, set[date]],
    reach: Mapping[str, Reach] | None = None,
    kinds: Collection[str] = KINDS,
    told: Collection[str] = (),
) -> list[Alert]:
    """Open, count and extend alerts for findings; resolve those whose days were all judged again and are well.

    A finding of a day that an analyst resolved stays resolved: it is dealt with. One that follows from what intake
    reported of the same source (a file that cannot be read, rows set aside) becomes a line in that alert's history.

    Args:
        project: whose alerts.
        found: the findings of all judged days.
        judged: by source, the days that were judged.
        reach: segments and placements by source, where they are known.
        kinds: which kinds were looked for; alerts of others are left alone.
        told: families that another check has told of in this run: hours without arrivals are not told again, and days
            without events tell more of it but count no further time.
    """
    ops, now = OpsStore(project.paths), project.clock.now()
    alerts = ops.list_alerts()
    dealt = _dealt_with(ops, alerts)
    opened: list[Alert] = []
    flagged: dict[str, set[date]] = {}
    for one in found:
        family = family_of(one.source, one.kind)
        flagged.setdefault(family, set()).add(one.day)
    news = [
        one
        for one in found
        if (one.measure != HOURS or family_of(one.source, one.kind) not in told)
        and one.day not in dealt.get(family_of(one.source, one.kind), set())
    ]
    for group in _groups(news):
        cause = _cause_at_intake(alerts, group)
        if cause is None:
            counts = family_of(group[0].source, group[0].kind) not in told
            opened.append(_open(project, ops, group, (reach or {}).get(group[0].source, Reach()), counts=counts))
        else:
            note = f"{group[-1].kind}: {group[-1].what} on {group[-1].day}"
            ops.note_consequence(cause.alert_id, at=now, note=note)
    for alert in ops.standing_alerts(FAMILY):
        if alert.kind in kinds and _is_well(alert, judged, flagged.get(alert.family, set())):
            ops.resolve_cause(alert.cause, at=now, note=WELL)
    return opened


def explained_sources(ops: OpsStore, day: date) -> set[str]:
    """Sources with a standing alert about this day."""
    return {
        alert.source
        for alert in ops.standing_alerts(FAMILY)
        if alert.first_day and alert.last_day and alert.first_day <= day <= alert.last_day
    }


def _groups(found: Iterable[Oddity]) -> list[list[Oddity]]:
    """Findings of one family with days up to a week apart."""
    groups: list[list[Oddity]] = []
    for one in sorted(found, key=lambda item: (item.source, item.kind, item.day)):
        last = groups[-1][-1] if groups else None
        if last and (last.source, last.kind) == (one.source, one.kind) and one.day - last.day <= SAME_CAUSE:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _open(project: Project, ops: OpsStore, group: list[Oddity], reach: Reach, *, counts: bool) -> Alert:
    last = group[-1]
    details = [f"{one.day}: {one.what}; {one.detail}" for one in group[-5:]]
    return ops.open_alert(
        family_of(last.source, last.kind),
        severity=SEVERITIES.get(last.kind, "warning"),
        title=f"{last.source}: {last.what}",
        detail=". ".join([*details, *(f"Along with it {other}" for other in last.also)]),
        source=last.source,
        at=project.clock.now(),
        kind=last.kind,
        days=(group[0].day, last.day),
        sample=[
            {"source": one.source, "day": str(one.day), "observed": round(one.observed, 4), "high": _bound(one.high)}
            for one in group[-5:]
        ],
        evidence={
            "measure": last.measure,
            "trend": [[str(point.day), point.observed, point.low, point.high] for point in last.trend],
            "data_docs": "days/index.html",
            **reach.evidence,
        },
        counts=counts,
    )


def _bound(value: float) -> float | None:
    return round(value, 4) if value < float("inf") else None


def _dealt_with(ops: OpsStore, alerts: Sequence[Alert]) -> dict[str, set[date]]:
    """By family, the days of alerts that a person resolved."""
    days: dict[str, set[date]] = {}
    for alert in alerts:
        if alert.state != "resolved" or alert.first_day is None or alert.last_day is None:
            continue
        if not alert.family.startswith(FAMILY):
            continue
        notes = [note for note in ops.alert_notes(alert.alert_id) if note.action == "resolved"]
        if notes and notes[-1].actor != SYSTEM:
            span = (alert.last_day - alert.first_day).days
            days.setdefault(alert.family, set()).update(alert.first_day + timedelta(days=n) for n in range(span + 1))
    return days


def _cause_at_intake(alerts: Sequence[Alert], group: list[Oddity]) -> Alert | None:
    first, last = group[0].day, group[-1].day
    for alert in alerts:
        same = alert.source == group[0].source and alert.state != "resolved"
        near = first - INTAKE_REACH <= alert.last_seen_at.date() and alert.first_seen_at.date() <= last + INTAKE_REACH
        if same and near and _leads_to(alert, group[0].kind):
            return alert
    return None


def _leads_to(alert: Alert, kind: str) -> bool:
    if alert.cause.startswith(("schema:vanished:", "schema:retyped:")):
        return kind in FOLLOWS_SCHEMA
    # A few rows set aside leave no gap that a day would show.
    return alert.cause.startswith("intake:") and alert.severity != "info" and kind in FOLLOWS_INTAKE


def _is_well(alert: Alert, judged: Mapping[str, set[date]], flagged: set[date]) -> bool:
    if alert.first_day is None or alert.last_day is None:
        return False
    span = {alert.first_day + timedelta(days=n) for n in range((alert.last_day - alert.first_day).days + 1)}
    return span <= judged.get(alert.source, set()) and not span & flagged
