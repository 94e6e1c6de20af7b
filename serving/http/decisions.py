"""Routes that read the snapshot: decide and profile lookup."""

from __future__ import annotations

import asyncio
from datetime import datetime
from time import perf_counter
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from serving.decide import decide_for
from serving.explanation import record_of
from serving.http.body import read_body
from serving.http.messages import DecideAnswer, DecideRequest, LookupAnswer, LookupRequest
from serving.http.problems import Problem, json_response, refuse
from serving.lines import decision_line, shown_with_decision
from serving.live import LiveSnapshot
from serving.log.lookup import PERSONALIZATION_ID, logged_decision, logged_exposures
from serving.person import PROFILE_PURPOSES, Person, find_person
from serving.question import Context, Decision, Question
from serving.replay.inputs import inputs_of
from serving.service import Service
from serving.visit import Visit


async def decide(request: Request) -> Response:
    """`POST /v1/decide`: all placements of a request are answered from one snapshot."""
    service: Service = request.app.state.service
    body = await read_body(request, DecideRequest, service.config.max_body_bytes)
    hashed = service.hashed(body.identifiers)
    now = service.config.clock.now()
    # No await between lease and answer: the version cannot change underneath.
    with service.store.lease() as live:
        if live is None:
            raise _unready()
        _check_placements(live, body.placements)
        found = find_person(live.reader, hashed)
        person = service.live_side.person(found, hashed, body.context)
        visit = service.live_side.visit(live, person, hashed, now)
        request_id = body.request_id or uuid4().hex
        questions = [Question(name, hashed, service.paused, request_id) for name in body.placements]
        decisions = [_timed(service, live, person, question, body.context, now, visit) for question in questions]
        # Of somebody who is not to be tracked it is known that a decision was made, and not for whom.
        whose = hashed if person.is_tracked else ()
        for question, decision in zip(questions, decisions, strict=True):
            inputs = inputs_of(decision, question, found, person)
            service.decisions.offer(decision_line(decision, whose, body.context, now, visit, inputs))
            if live.placements[decision.placement].exposure == "on_decide":
                service.exposures.offer(shown_with_decision(decision, whose, body.context, now))
        return json_response(DecideAnswer(decisions, live.version))


def _timed(
    service: Service,
    live: LiveSnapshot,
    person: Person,
    question: Question,
    context: Context,
    now: datetime,
    visit: Visit | None,
) -> Decision:
    began = perf_counter()
    decision = decide_for(live, person, question, context, now, visit)
    service.metrics.decision(decision, (perf_counter() - began) * 1e3)
    return decision


async def lookup(request: Request) -> Response:
    """`POST /v1/profiles/lookup`: identifiers in the body, never in a URL."""
    service: Service = request.app.state.service
    body = await read_body(request, LookupRequest, service.config.max_body_bytes)
    with service.store.lease() as live:
        if live is None:
            raise _unready()
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
    consent = {purpose: purpose in person.granted for purpose in PROFILE_PURPOSES}
    known = LookupAnswer(found=True, snapshot_version=version, customer_id=profile.customer_id, consent=consent)
    if not consent["personalization"]:
        return known
    return msgspec.structs.replace(
        known,
        segment_id=profile.segment_id,
        segment_name=profile.segment_name,
        segment_rung=profile.rung,
        churn_probability=profile.churn_probability,
        ltv_amount=profile.ltv_amount,
        features=dict(profile.features),
        recommendations={task: [i.product_id for i in items] for task, items in profile.recommendations.items()},
    )


def _check_placements(live: LiveSnapshot, names: list[str]) -> None:
    for index, name in enumerate(names):
        if name not in live.placements:
            raise refuse(
                422,
                "unknown_placement",
                "There is no such placement.",
                field=f"placements[{index}]",
                value=name,
                allowed=sorted(live.placements),
            )


def _unready() -> Problem:
    return refuse(503, "no_snapshot", "No snapshot has been published yet.")
