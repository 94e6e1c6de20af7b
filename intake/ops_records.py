"""Records of the operational store: what one row of each table means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

Severity = Literal["info", "warning", "critical"]
AlertState = Literal["open", "acknowledged", "resolved"]
FileState = Literal["visible", "retired"]
OverrideKind = Literal["must_link", "cannot_link"]


@dataclass(frozen=True)
class LakeFile:
    """One parquet file of the lake; `path` is relative to the data folder."""

    path: str
    source: str
    event_date: date
    batch_id: str
    rows: int
    min_received_at: datetime
    max_received_at: datetime
    loaded_at: datetime
    state: FileState = "visible"


@dataclass(frozen=True)
class BatchRecord:
    """One input file as taken in; rows_read = accepted + duplicate + quarantined + suppressed, in source rows."""

    batch_id: str
    source: str
    contract_version: str
    input_name: str
    input_hash: str
    rows_read: int
    accepted: int
    duplicate: int
    quarantined: int
    suppressed: int
    events: int
    started_at: datetime
    finished_at: datetime
    state: str = "visible"
    message: str = ""


@dataclass(frozen=True)
class ConsentChange:
    """A person's word on one purpose, by identifier hash; which source has it, and who noted it by hand."""

    identifier: str
    purpose: str
    granted: bool
    occurred_at: datetime
    identifier_type: str = ""
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class SeenFile:
    """What a scan remembers of a file, so that an unchanged one is not read again."""

    path: str
    size: int
    mtime_ns: int
    content_hash: str
    contract_version: str
    batch_id: str


@dataclass(frozen=True)
class TouchedDay:
    """A day of events that a batch changed; `consumed_run_id` is the run that rebuilt it."""

    event_date: date
    batch_id: str
    touched_at: datetime
    consumed_run_id: str | None = None


@dataclass(frozen=True)
class Alert:
    """Something an analyst should look at; one open alert a cause, counted when it recurs.

    `family` is the cause without its day (source and kind), which a mute silences; `kind` the sort of fault.
    `first_day` and `last_day` are the days of the data it is about, where it is about days. `evidence` holds what the
    web page shows (trend, bounds, what it touches). `earlier_id` is the resolved alert of the same family before it.
    """

    alert_id: str
    cause: str
    severity: Severity
    title: str
    detail: str
    source: str
    first_seen_at: datetime
    last_seen_at: datetime
    count: int
    state: AlertState
    owner: str | None = None
    note: str | None = None
    resolved_at: datetime | None = None
    sample: tuple[Mapping[str, Any], ...] = ()
    family: str = ""
    kind: str = ""
    first_day: date | None = None
    last_day: date | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    earlier_id: str | None = None
    muted_until: datetime | None = None

    def is_muted(self, now: datetime) -> bool:
        """Whether its family is muted at that moment."""
        return self.muted_until is not None and self.muted_until > now


@dataclass(frozen=True)
class AlertNote:
    """One thing that happened to an alert: who did or said what."""

    at: datetime
    actor: str
    action: str
    note: str


@dataclass(frozen=True)
class Pause:
    """The kill switch for one placement, for `all`, or for one arm of an experiment (`arm:name/version/arm`).

    `cause` and `evidence` tell of a pause that the program made by itself; a person's has none.
    """

    scope: str
    reason: str
    actor: str
    created_at: datetime
    cause: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_automatic(self) -> bool:
        """Whether nobody asked for it."""
        return bool(self.cause)


@dataclass(frozen=True)
class RunSummary:
    """One run of the graph and what it reported."""

    run_id: str
    kind: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime | None
    state: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """One figure of one day."""

    metric_date: date
    metric: str
    dimension: str
    value: float
    recorded_at: datetime


@dataclass(frozen=True)
class IdentityOverride:
    """An analyst's word on two identifiers (BIGINT keys, smaller first)."""

    a_key: int
    b_key: int
    kind: OverrideKind
    actor: str
    reason: str
    created_at: datetime

    @property
    def pair(self) -> tuple[int, int]:
        """The two keys, smaller first."""
        return (min(self.a_key, self.b_key), max(self.a_key, self.b_key))


def to_text(moment: datetime) -> str:
    """UTC ISO text of fixed width, so that text order is time order.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"timestamp {moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    """The moment written by `to_text`."""
    return datetime.fromisoformat(text)
