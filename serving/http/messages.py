"""Bodies of requests and answers. The OpenAPI document is generated from these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from intake.purposes import Asked
from serving.question import Context, Decision, ShortText

IdentifierType = Literal[
    "login", "loyalty_id", "email", "phone", "crm_id", "pos_id", "device_id", "cookie", "click_id", "ip", "fingerprint",
]  # fmt: skip
# Segment's clients send some hundred. So many take a thread 0.3 s; half a million, 1 MiB, held a worker for 26 s.
MAX_CALLS = 5_000
Text = Annotated[str, Meta(max_length=2_000)]
Amount = Annotated[float, Meta(ge=-1e12, le=1e12)]
Moment = Annotated[datetime, Meta(tz=True)]


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of request bodies: unknown fields are refused."""


class Identifier(Message, frozen=True, gc=False):
    """An identifier in clear; it is replaced by its keyed hash before anything else happens."""

    type: IdentifierType
    value: Annotated[str, Meta(min_length=1, max_length=500)]


Identifiers = Annotated[list[Identifier], Meta(max_length=20)]


PlacementNames = Annotated[list[ShortText], Meta(min_length=1, max_length=20)]
Token = Annotated[str, Meta(min_length=1, max_length=8_000)]


class DecideRequest(Message, frozen=True):
    """Who asks, for which placements, in which moment. A repeated `request_id` gets the same personalization ids.

    Past `deadline_ms` the answers prepared for everybody are given. `user_token` lets the identifiers count that a
    browser names beside its cookie and device.
    """

    placements: PlacementNames
    identifiers: Identifiers = []
    context: Context = Context()
    request_id: ShortText | None = None
    deadline_ms: Annotated[float, Meta(ge=0, le=60_000)] | None = None
    user_token: Token | None = None


class DecideAnswer(msgspec.Struct, frozen=True):
    """One decision for each placement asked for, in that order, all from one snapshot."""

    decisions: list[Decision]
    snapshot_version: str


class Shown(msgspec.Struct, frozen=True):
    """What a browser is told of a decision."""

    placement: str
    content: dict[str, Any]
    personalization_id: str


class ShownAnswer(msgspec.Struct, frozen=True):
    """What a browser's key is answered: nothing of why, of the person or of the snapshot."""

    decisions: list[Shown]


class BatchPerson(Message, frozen=True):
    """One person of a batch; `context` replaces that of the batch, `request_id` is as in a single question."""

    identifiers: Identifiers = []
    context: Context | None = None
    request_id: ShortText | None = None


class BatchRequest(Message, frozen=True):
    """Every person gets one decision for each placement."""

    people: Annotated[list[BatchPerson], Meta(min_length=1, max_length=10_000)]
    placements: PlacementNames
    context: Context = Context()


class BatchLine(msgspec.Struct, frozen=True):
    """One line of the answer to a batch: `index` counts the people of the request from 0."""

    index: int
    decisions: list[Decision]


class SegmentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for everybody of a segment, or for everybody; it names no person, so caches may hold it."""

    placement: str
    level: Literal["plain", "popular", "persona"]
    segment_id: int | None
    action: str
    content: dict[str, Any]
    reason: str
    rung: str
    snapshot_version: str
    personalization_id: str


class LookupRequest(Message, frozen=True):
    """Whose profile."""

    identifiers: Annotated[list[Identifier], Meta(min_length=1, max_length=20)]


class FeaturesRequest(Message, frozen=True):
    """Whose features, and which; all that the snapshot carries when none are named."""

    identifiers: Annotated[list[Identifier], Meta(min_length=1, max_length=20)]
    features: Annotated[list[ShortText], Meta(min_length=1, max_length=200)] | None = None


class FeaturesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Features of the batch, as of `as_of`, and of the visit under way; null where nothing is known. Empty without
    consent to personalization."""

    found: bool
    snapshot_version: str
    as_of: str
    consented: bool
    features: dict[str, Any]
    session: dict[str, Any]


class PauseRequest(Message, frozen=True):
    """What to stop: a placement, `all` (the kill switch), or an arm of an experiment (`arm:name/version/arm`)."""

    scope: ShortText
    reason: Annotated[str, Meta(max_length=500)] = ""


class ResumeRequest(Message, frozen=True):
    """What to resume; with `cause` only what was paused for it (`by_hand` is what a person paused)."""

    scope: ShortText
    reason: Annotated[str, Meta(max_length=500)] = ""
    cause: Annotated[str, Meta(max_length=200)] = ""


class PauseState(msgspec.Struct, frozen=True):
    """One pause in force: for what (`by_hand`, or the cause that a look found), its evidence, and what lifts it."""

    scope: str
    reason: str
    actor: str
    since: datetime
    cause: str
    evidence: dict[str, Any]
    lifted_by: str


class Pauses(msgspec.Struct, frozen=True):
    """Every pause in force, and the scopes that this worker heeds with the answer; the others do within a second."""

    paused: list[PauseState]
    heeded: list[str]


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker that answers holds after looking at pointer, pauses and keys once more."""

    snapshot_version: str | None
    problem: str | None
    paused: list[str]


class LookupAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What decisions know of the person. Without consent to personalization: consent alone."""

    found: bool
    snapshot_version: str
    customer_id: str | None = None
    consent: dict[str, bool] | None = None
    segment_id: int | None = None
    segment_name: str | None = None
    segment_rung: str | None = None
    churn_probability: float | None = None
    ltv_amount: float | None = None
    features: dict[str, Any] | None = None
    recommendations: dict[str, list[str]] | None = None


class Event(Message, frozen=True, gc=False):
    """One event; field names are those of the event everywhere. Money in `currency`, `scroll_depth` 0 to 1."""

    event_type: ShortText
    event_id: ShortText | None = None
    occurred_at: Moment | None = None
    channel: ShortText | None = None
    session_id: ShortText | None = None
    identifiers: Identifiers = []
    page_type: ShortText | None = None
    page_url: Text | None = None
    referrer: Text | None = None
    campaign: ShortText | None = None
    device_type: ShortText | None = None
    os: ShortText | None = None
    browser: ShortText | None = None
    time_zone: ShortText | None = None
    locale: ShortText | None = None
    country: ShortText | None = None
    region: ShortText | None = None
    postal_code: ShortText | None = None
    store_id: ShortText | None = None
    product_id: ShortText | None = None
    category: ShortText | None = None
    query: Text | None = None
    order_id: ShortText | None = None
    quantity: Amount | None = None
    unit_price: Amount | None = None
    amount: Amount | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    dwell_ms: Annotated[int, Meta(ge=0, le=86_400_000)] | None = None
    scroll_depth: Annotated[float, Meta(ge=0, le=1)] | None = None
    experiment_id: ShortText | None = None
    personalization_id: ShortText | None = None
    properties: dict[str, Any] | None = None
    user_token: Token | None = None


class EventsRequest(Message, frozen=True):
    """A batch; it is accepted whole or refused whole."""

    events: Annotated[list[Event], Meta(min_length=1, max_length=1_000)]


class Exposure(Message, frozen=True):
    """A decision was shown to the person."""

    personalization_id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    placement: ShortText | None = None
    action: ShortText | None = None
    occurred_at: Moment | None = None
    channel: ShortText | None = None
    session_id: ShortText | None = None
    identifiers: Identifiers = []


class ExposuresRequest(Message, frozen=True):
    """A batch; it is accepted whole or refused whole."""

    exposures: Annotated[list[Exposure], Meta(min_length=1, max_length=1_000)]


class ConsentRequest(Message, frozen=True):
    """What a person says of one purpose. A yes about an identifier of the person needs a token of the shop."""

    identifiers: Annotated[list[Identifier], Meta(min_length=1, max_length=20)]
    purpose: Asked
    granted: bool
    occurred_at: Moment | None = None
    event_id: ShortText | None = None
    channel: ShortText | None = None
    user_token: Token | None = None


class Accepted(msgspec.Struct, frozen=True, omit_defaults=True):
    """Sent once the lines are on disk. `suppressed` are events of people who refused analytics: not stored."""

    accepted: int
    event_ids: list[str]
    suppressed: list[str] = []


class SegmentCall(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A call of the Segment specification; fields not named here are kept as they come."""

    type: str | None = None
    user_id: str | int | None = None
    anonymous_id: str | int | None = None
    message_id: Annotated[str, Meta(max_length=200)] | None = None
    timestamp: str | None = None
    sent_at: str | None = None
    event: ShortText | None = None
    name: str | None = None
    group_id: str | int | None = None
    previous_id: str | int | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None


class SegmentBatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Calls of any type; each names its own."""

    batch: Annotated[list[SegmentCall], Meta(max_length=MAX_CALLS)]
    sent_at: str | None = None
    context: dict[str, Any] | None = None


class SegmentSuccess(msgspec.Struct, frozen=True):
    """What Segment's libraries expect."""

    success: bool


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"]


class OverlayState(msgspec.Struct, frozen=True, kw_only=True):
    """The live overlay: sessions and room used are all workers', the other counts this worker's since its start."""

    available: bool
    problem: str | None
    sessions: int
    used_share: float
    events_folded: int
    events_dropped: int
    sessions_evicted: int
    events_suppressed: int


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether decisions can be made, from which snapshot, and what has been lost or paused."""

    ready: bool
    snapshot_version: str | None
    as_of: str | None
    problem: str | None
    paused: list[str]
    pauses_problem: str | None
    decisions_written: int
    decisions_lost: int
    worker: str
    overlay: OverlayState


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong: a code for programs, a sentence for people, and for a wrong body its field, value and bound."""

    code: str
    message: str
    field: str | None = None
    value: Any = None
    bound: str | int | float | None = None
    allowed: list[str] | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Body of every 4xx and 5xx answer, `application/problem+json` (RFC 9457); `error` says it in parts."""

    title: str
    status: int
    detail: str
    error: Fault
    type: str = "about:blank"
