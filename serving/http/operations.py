"""The list of operations: routes, OpenAPI document and docs page are all made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from serving.access.key import Scope
from serving.explanation import DecisionRecord
from serving.http import admin, arrivals, batch, decisions, features, segment, segment_answers, state
from serving.http.at_once import Answer, reading
from serving.http.budget import HEADER as DEADLINE
from serving.http.messages import (
    Accepted,
    BatchLine,
    BatchRequest,
    ConsentRequest,
    DecideAnswer,
    DecideRequest,
    EventsRequest,
    ExposuresRequest,
    FeaturesAnswer,
    FeaturesRequest,
    Health,
    LookupAnswer,
    LookupRequest,
    PauseRequest,
    Pauses,
    Readiness,
    Reloaded,
    ResumeRequest,
    SegmentAnswer,
    SegmentBatch,
    SegmentCall,
    SegmentSuccess,
    ShownAnswer,
)
from serving.http.segment_call import TYPES
from serving.http.vouching import HEADER

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """One path and method, its bodies, the statuses it refuses with, and its own headers (name, meaning).

    `scope` is what its key needs; None needs no key. A browser's key may use it only if it is `for_browsers`.
    What waits for nothing but its body has `at_once`, which answers without the framework where the body came whole.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    answer: type[msgspec.Struct]
    body: type[msgspec.Struct] | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    scope: Scope | None = None
    for_browsers: bool = False
    media_type: str = "application/json"
    query: tuple[str, ...] = ()
    other_statuses: tuple[int, ...] = ()
    browser_answer: type[msgspec.Struct] | None = None
    at_once: Answer | None = None


_KEY = (401, 403, 408, 429)
_BODY = (400, 401, 403, 408, 413, 415, 422, 429, 503)
_CALL = (400, 401, 403, 408, 413, 415, 422, 429, 503)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST", "/v1/decide", "decide", "Decide what to show a person, in one or more placements",
        reading(decisions.decide), DecideAnswer, DecideRequest, refusals=_BODY, scope="decide", for_browsers=True,
        headers=(
            (DEADLINE, "Milliseconds from the last byte of the request, unless the body says `deadline_ms`"),
            (HEADER, "A token of the shop that lets the person identifiers of a browser count"),
        ),
        browser_answer=ShownAnswer, at_once=decisions.decide,
    ),
    Operation(
        "POST", "/v1/decide/batch", "decideBatch", "Decide for many people; one JSON line a person, as it is made",
        batch.decide_batch, BatchLine, BatchRequest, refusals=_BODY, scope="decide", media_type=batch.LINES,
    ),
    Operation(
        "GET", "/v1/placements/{placement}/{segment}", "segmentAnswer",
        "Tell what everybody sees, or everybody of a segment; caches may hold it",
        segment_answers.segment_answer, SegmentAnswer, refusals=(*_KEY, 404, 422, 503), scope="decide",
        for_browsers=True,
        headers=(("If-None-Match", "The entity tag of the answer at hand; 304 when it still holds"),),
        query=segment_answers.QUERY, other_statuses=(304,),
    ),
    Operation(
        "GET", "/v1/decisions/{personalization_id}", "pastDecision", "Tell a decision that was made, and why",
        decisions.past, DecisionRecord, refusals=(*_KEY, 404, 422), scope="read",
    ),
    Operation(
        "POST", "/v1/profiles/lookup", "lookupProfile", "What decisions know of a person",
        reading(decisions.lookup), LookupAnswer, LookupRequest, refusals=_BODY, scope="read", at_once=decisions.lookup,
    ),
    Operation(
        "POST", "/v1/features", "features", "A person's features, and those of the visit under way",
        reading(features.features), FeaturesAnswer, FeaturesRequest, refusals=_BODY, scope="read",
        at_once=features.features,
    ),
    Operation(
        "POST", "/v1/events", "postEvents", "Store events; acknowledged once they are on disk",
        arrivals.events, Accepted, EventsRequest, 202, _BODY,
        ((HEADER, "A token of the shop that vouches for the person identifiers of every event without `user_token`"),),
        "ingest", for_browsers=True,
    ),
    Operation(
        "POST", "/v1/consent", "postConsent", "Tell that a purpose is granted or refused; in force with the answer",
        arrivals.consent, Accepted, ConsentRequest, 202, _BODY,
        ((HEADER, "A token of the shop that vouches for the person identifiers"),),
        "ingest", for_browsers=True,
    ),
    Operation(
        "POST", "/v1/exposures", "postExposures", "Tell that decisions were shown; acknowledged once on disk",
        arrivals.exposures, Accepted, ExposuresRequest, 202, _BODY,
        ((HEADER, "A token of the shop that lets the person identifiers of a browser count"),),
        "ingest", for_browsers=True,
    ),
    *(
        Operation(
            "POST", f"/v1/{kind}", f"segment{kind.title()}", f"Keep Segment's call '{kind}'",
            segment.one_call(kind), SegmentSuccess, SegmentCall, refusals=_CALL, scope="ingest", for_browsers=True,
        )
        for kind in TYPES
    ),
    Operation(
        "POST", "/v1/batch", "segmentBatch", "Keep Segment's calls of any type",
        segment.batch, SegmentSuccess, SegmentBatch, refusals=_CALL, scope="ingest", for_browsers=True,
    ),
    Operation(
        "GET", "/v1/admin/pauses", "pauses", "Tell what is paused", admin.pauses, Pauses, refusals=(*_KEY, 503),
        scope="admin",
    ),
    Operation(
        "POST", "/v1/admin/pause", "pause", "Pause a placement, or everything (the kill switch)", admin.pause, Pauses,
        PauseRequest, refusals=_BODY, scope="admin",
    ),
    Operation(
        "POST", "/v1/admin/resume", "resume", "Lift a pause", admin.resume, Pauses, ResumeRequest,
        refusals=(*_BODY, 404), scope="admin",
    ),
    Operation(
        "POST", "/v1/admin/reload", "reload", "Look at snapshot, pauses and keys now", admin.reload, Reloaded,
        refusals=_KEY, scope="admin",
    ),
    Operation("GET", "/healthz", "health", "Whether the process answers", state.healthz, Health),
    Operation("GET", "/readyz", "readiness", "Whether decisions can be made", state.readyz, Readiness),
)  # fmt: skip
