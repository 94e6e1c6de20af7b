"""Alerts about columns: new ones, vanished ones, and those that are of another kind than before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from intake.contract import SourceContract
from intake.nested import root_of
from intake.ops_alerts import AlertBook
from intake.ops_records import Severity
from intake.ops_store import OpsStore
from intake.report import FileReport
from intake.source_columns import ColumnChange

_TITLES = {
    "new": "{source}, {day}: new column {name!r}",
    "personal": "{source}, {day}: new column {name!r}, which looks personal",
    "vanished": "{source}, {day}: column {name!r} is gone",
    "retyped": "{source}, {day}: column {name!r} holds {after} instead of {before}",
}
_DETAILS = {
    "new": "{file} of {day} is the first to have it; it is kept in properties.unmapped until the contract names it",
    "personal": "{file} of {day} is the first to have it; it is left out of the events. Name it in the contract, under"
    " identifiers, personal_data or properties",
    "vanished": "{file} of {day} is the first without it{loss}",
    "retyped": "{file} of {day} is the first with {after}; rows that cannot be read so are quarantined",
}
_LOSS = "; rows that cannot do without it are quarantined, the others are read without it"


def report_columns(
    alerts: AlertBook, source: str, changes: Sequence[ColumnChange], file: str, day: date, at: datetime
) -> None:
    """Open one alert for each column that changed, and close those of columns that are back."""
    for change in changes:
        if change.change == "back":
            alerts.resolve_cause(_cause(source, "vanished", change.name), at=at, note="the column is back")
            continue
        if _is_as_before(alerts, source, change):
            note = f"the column holds {change.after} again"
            alerts.resolve_cause(_cause(source, "retyped", change.name), at=at, note=note)
            continue
        words = {"source": source, "name": change.name, "before": change.before, "after": change.after}
        detail = _DETAILS[change.change].format(file=file, day=day, loss=_LOSS if change.needed else "", **words)
        alerts.open_alert(
            _cause(source, change.change, change.name),
            severity=_severity(change),
            title=_TITLES[change.change].format(day=day, **words),
            detail=f"{source}.{change.name}: {detail}",
            source=source,
            at=at,
            kind="schema",
            sample=[{"column": change.name, "change": change.change, "first_day": day.isoformat(), **_kinds(change)}],
        )


def untold(book: OpsStore, contract: SourceContract, report: FileReport, at: datetime) -> dict[str, int]:
    """Quarantined rows by reason, but for those that a column's standing alert explains: they are told there."""
    left = dict(report.reasons)
    for alert in book.standing_alerts("schema:"):
        change, _, name = alert.cause.removeprefix("schema:").partition(f":{contract.name}:")
        explained = [reason for reason in sorted(left) if reason in _reasons(contract, change, name)]
        if explained:
            rows = ", ".join(f"{reason} {left.pop(reason)}" for reason in explained)
            book.note_consequence(alert.alert_id, at=at, note=f"{report.path.name}: {rows}")
    return left


def _reasons(contract: SourceContract, change: str, name: str) -> set[str]:
    """Why rows are quarantined when this column vanished, or is of another kind."""
    lines = contract.lines.fields | contract.lines.totals if contract.lines else {}
    terms = [*contract.columns.items(), *lines.items(), ("event_type", contract.event_type)]
    fields = {field for field, term in terms if name in {root_of(column) for column in term.columns()}}
    if change == "retyped":
        own = {"received_at": contract.arrival.column, "sent_at": contract.clock.sent_at if contract.clock else None}
        fields |= {field for field, column in own.items() if column == name}
        return {f"invalid_{kind}:{field}" for kind in ("number", "timestamp") for field in fields}
    fields |= {"event_id"} if name in {contract.event_id, *contract.natural_key} else set()
    fields |= {name} if contract.lines and name in contract.lines.group_by else set()
    return {f"missing_field:{field}" for field in fields} if change == "vanished" else set()


def _kinds(change: ColumnChange) -> dict[str, str]:
    return {"before": change.before, "after": change.after} if change.change == "retyped" else {}


def _is_as_before(alerts: AlertBook, source: str, change: ColumnChange) -> bool:
    """True when a column that was of another kind for some files is of its first kind again."""
    if change.change != "retyped":
        return False
    cause = _cause(source, "retyped", change.name)
    standing = [alert for alert in alerts.standing_alerts() if alert.cause == cause]
    return any(row.get("before") == change.after for alert in standing for row in alert.sample)


def _cause(source: str, change: str, name: str) -> str:
    return f"schema:{'new' if change == 'personal' else change}:{source}:{name}"


def _severity(change: ColumnChange) -> Severity:
    return "warning" if change.needed else "info"
