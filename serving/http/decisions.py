"""Routes that read the snapshot: decide, what was decided, and what is known of a person."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from secrets import token_hex
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from serving.explanation import record_of
from serving.http.body import body_of
from serving.http.budget import budget_of
from serving.http.deciding import Asked, check_placements, decided, unready
from serving.http.messages import DecideAnswer, DecideRequest, LookupAnswer, LookupRequest, Shown, ShownAnswer
from serving.http.problems import json_response, refuse
from serving.http.speaking import caller_of, counting
from serving.log.lookup import PERSONALIZATION_ID, logged_decision, logged_exposures
from serving.person import PROFILE_PURPOSES, Person, find_person
from serving.question import Decision
from serving.service import Service
from serving.snapshot.stored_profile import told_features, told_products


def decide(request: Request, content: bytes) -> Response:
    """`POST /v1/decide`: all placements of a request are answered from one snapshot.

    With a browser's key the answer holds content and personalization id alone.
    """
    service: Service = request.app.state.service
    body = body_of(content, DecideRequest, service.config.max_body_bytes)
    budget = budget_of(service, request, body.deadline_ms)
    now = service.config.clock.now()
    with service.store.lease() as live:
        if live is None:
            raise unready()
        check_placements(live, body.placements)
        # Without time nobody is looked for, and hashing an identifier would be for nothing.
        hashed = () if budget.spent() else service.hashed(body.identifiers)
        hashed = counting(service, request, hashed, body.user_token, now)
        asked = Asked(hashed, body.placements, body.context, body.request_id or token_hex(16))
        decisions = decided(service, live, asked, now, budget)
        if caller_of(request).is_browser:
            return json_response(ShownAnswer([_shown(decision) for decision in decisions]))
        return json_response(DecideAnswer(decisions, live.version))


def _shown(decision: Decision) -> Shown:
    return Shown(decision.placement, decision.content, decision.personalization_id)


def lookup(request: Request, content: bytes) -> Response:
    """`POST /v1/profiles/lookup`: identifiers in the body, never in a URL."""
    service: Service = request.app.state.service
    body = body_of(content, LookupRequest, service.config.max_body_bytes)
    with service.store.lease() as live:
        if live is None:
            raise unready()
        hashed = service.hashed(body.identifiers)
        person = service.live_side.person(find_person(live.reader, hashed), hashed)
        return json_response(_told(person, live.version))


async def past(request: Request) -> Response:
    """`GET /v1/decisions/{personalization_id}`: a decision as it was logged, and why; never whose it was."""
    service: Service = request.app.state.service
    name = request.path_params["personalization_id"]
    if not PERSONALIZATION_ID.match(name):
        message = "A personalization id has 32 digits and letters a to f."
        raise refuse(422, "wrong_field", message, field="personalization_id")
    # One at a time, since each may read all of the log.
    async with service.searching:
        line = await asyncio.to_thread(logged_decision, service.config.service_log, name)
        shown = [] if line is None else await asyncio.to_thread(logged_exposures, service.config.service_log, name)
    if line is None:
        message = "No such decision is on record: never made here, no longer kept, or its person was erased."
        raise refuse(404, "unknown_decision", message)
    return json_response(record_of(line, shown))


def _told(person: Person, version: str) -> LookupAnswer:
    profile = person.profile
    if profile is None:
        return LookupAnswer(found=False, snapshot_version=version)
    consent = _consent(person.granted)
    if not consent["personalization"]:
        return LookupAnswer(found=True, snapshot_version=version, customer_id=profile.customer_id, consent=consent)
    return LookupAnswer(
        found=True,
        snapshot_version=version,
        customer_id=profile.customer_id,
        consent=consent,
        segment_id=profile.segment_id,
        segment_name=profile.segment_name,
        segment_rung=profile.rung,
        churn_probability=profile.churn_probability,
        ltv_amount=profile.ltv_amount,
        features=cast("Any", told_features(profile)),
        recommendations=cast("Any", told_products(profile)),
    )


@lru_cache(maxsize=1_000)
def _consent(granted: frozenset[str]) -> dict[str, bool]:
    """Purposes with whether they are granted; shared by all answers, so not to be changed."""
    return {purpose: purpose in granted for purpose in PROFILE_PURPOSES}
