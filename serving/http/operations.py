"""The list of operations: routes, OpenAPI document and docs page are all made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from serving.explanation import DecisionRecord
from serving.http import arrivals, decisions, segment, state
from serving.http.messages import (
    Accepted,
    ConsentRequest,
    DecideAnswer,
    DecideRequest,
    EventsRequest,
    ExposuresRequest,
    Health,
    LookupAnswer,
    LookupRequest,
    Readiness,
    SegmentBatch,
    SegmentCall,
    SegmentSuccess,
)
from serving.http.segment_call import TYPES
from serving.http.vouching import HEADER

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """One path and method, its bodies, the statuses it refuses with, and its own headers (name, meaning)."""

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


_BODY = (400, 401, 413, 415, 422, 503)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST", "/v1/decide", "decide", "Decide what to show a person, in one or more placements",
        decisions.decide, DecideAnswer, DecideRequest, refusals=_BODY,
    ),
    Operation(
        "GET", "/v1/decisions/{personalization_id}", "pastDecision", "Tell a decision that was made, and why",
        decisions.past, DecisionRecord, refusals=(401, 404, 422),
    ),
    Operation(
        "POST", "/v1/profiles/lookup", "lookupProfile", "What decisions know of a person",
        decisions.lookup, LookupAnswer, LookupRequest, refusals=_BODY,
    ),
    Operation(
        "POST", "/v1/events", "postEvents", "Store events; acknowledged once they are on disk",
        arrivals.events, Accepted, EventsRequest, 202, _BODY,
        ((HEADER, "A token of the shop that vouches for the person identifiers of every event without `user_token`"),),
    ),
    Operation(
        "POST", "/v1/consent", "postConsent", "Tell that a purpose is granted or refused; in force with the answer",
        arrivals.consent, Accepted, ConsentRequest, 202, _BODY,
        ((HEADER, "A token of the shop that vouches for the person identifiers"),),
    ),
    Operation(
        "POST", "/v1/exposures", "postExposures", "Tell that decisions were shown; acknowledged once on disk",
        arrivals.exposures, Accepted, ExposuresRequest, 202, _BODY,
    ),
    *(
        Operation(
            "POST", f"/v1/{kind}", f"segment{kind.title()}", f"Keep Segment's call '{kind}'",
            segment.one_call(kind), SegmentSuccess, SegmentCall, refusals=(400, 401, 413, 415, 503),
        )
        for kind in TYPES
    ),
    Operation(
        "POST", "/v1/batch", "segmentBatch", "Keep Segment's calls of any type",
        segment.batch, SegmentSuccess, SegmentBatch, refusals=(400, 401, 413, 415, 503),
    ),
    Operation("GET", "/healthz", "health", "Whether the process answers", state.healthz, Health),
    Operation("GET", "/readyz", "readiness", "Whether decisions can be made", state.readyz, Readiness),
)  # fmt: skip
