"""Routes that write to the log: events, consent and exposures, acknowledged once they are on disk."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from intake.event import HINT_TYPES
from serving.http.body import read_body
from serving.http.depth import MAX_DEPTH, is_too_deep
from serving.http.messages import Accepted, ConsentRequest, Event, EventsRequest, ExposuresRequest
from serving.http.problems import Problem, json_response, refuse
from serving.http.speaking import caller_of, counting, own
from serving.http.taking_in import TakenIn, take_in, written
from serving.http.vouching import vouched_events
from serving.lines import Hashed, event_fields, exposure_line
from serving.overlay.arrival import Arrival
from serving.overlay.words import CONSENT_TYPE
from serving.service import Service
from serving.session.reducer import microseconds


async def events(request: Request) -> Response:
    """`POST /v1/events`: 202 means that every event of the batch survives a crash."""
    service: Service = request.app.state.service
    body = await read_body(request, EventsRequest, service.config.max_body_bytes)
    now = service.config.clock.now()
    for index, event in enumerate(body.events):
        _check_type(service, event, f"events[{index}]")
        _check_moment(service, event.occurred_at, now, f"events[{index}]")
        if event.properties and is_too_deep(event.properties):
            message = "The properties are nested too deeply."
            raise refuse(400, "too_deep", message, field=f"events[{index}].properties", bound=MAX_DEPTH)
    hashed = service.hashed_together(event.identifiers for event in body.events)
    vouched = vouched_events(service, request, body.events, hashed, now)
    if caller_of(request).is_browser:
        hashed = [pairs if known else own(pairs) for pairs, known in zip(hashed, vouched, strict=True)]
    moments = [_moment(service, event, pairs, now) for event, pairs in zip(body.events, hashed, strict=True)]
    arrivals = list(map(arrival_of, body.events, hashed, moments, vouched))
    return json_response(accepted(await take_in(service, arrivals, now)), 202)


async def consent(request: Request) -> Response:
    """`POST /v1/consent`: a purpose is granted or refused; on disk, and in force for every worker, with the answer."""
    service: Service = request.app.state.service
    body = await read_body(request, ConsentRequest, service.config.max_body_bytes)
    now = service.config.clock.now()
    _check_moment(service, body.occurred_at, now, "")
    said = {"purpose": body.purpose, "granted": body.granted}
    event = Event(
        event_type=CONSENT_TYPE,
        event_id=body.event_id,
        occurred_at=body.occurred_at,
        identifiers=body.identifiers,
        channel=body.channel,
        properties=said,
        user_token=body.user_token,
    )
    hashed = service.hashed_together([body.identifiers])
    vouched = vouched_events(service, request, [event], hashed, now)
    if caller_of(request).is_browser and not vouched[0]:
        hashed = [own(hashed[0])]
    if not any(kind not in HINT_TYPES for kind, _ in hashed[0]):
        message = (
            "None of the identifiers can belong to anybody: placeholders, addresses of a network, fingerprints,"
            " and with a browser's key those that no user token covers."
        )
        raise refuse(422, "nobody", message, field="identifiers")
    if service.live_side.overlay is None:
        message = "This worker has no live overlay, so the word could not take effect at once; nothing was stored."
        raise refuse(503, "overlay_unavailable", message)
    now = _moment(service, event, hashed[0], now)
    return json_response(accepted(await take_in(service, [arrival_of(event, hashed[0], now, vouched[0])], now)), 202)


def arrival_of(event: Event, identifiers: Hashed, now: datetime, verified: bool) -> Arrival:
    """A posted event as it is stored and folded; `verified`: the shop vouched for its identifiers."""
    fields = event_fields(event, identifiers, now, verified=verified)
    return Arrival(fields["event_id"], microseconds(fields["occurred_at"]), tuple(identifiers), fields, verified)


def accepted(taken: TakenIn) -> Accepted:
    """The answer to what was taken in."""
    return Accepted(len(taken.stored), taken.stored, taken.suppressed)


async def exposures(request: Request) -> Response:
    """`POST /v1/exposures`: what a person was really shown."""
    service: Service = request.app.state.service
    body = await read_body(request, ExposuresRequest, service.config.max_body_bytes)
    now = service.config.clock.now()
    for index, exposure in enumerate(body.exposures):
        _check_moment(service, exposure.occurred_at, now, f"exposures[{index}]")
    hashed = service.hashed_together(exposure.identifiers for exposure in body.exposures)
    counted = [counting(service, request, pairs, None, now) for pairs in hashed]
    lines = [exposure_line(exposure, pairs, now) for exposure, pairs in zip(body.exposures, counted, strict=True)]
    await written(service.exposures, lines)
    with service.store.lease() as live:
        for exposure, pairs in zip(body.exposures, counted, strict=True):
            # A series for every text that a client sends would fill the memory.
            is_known = live is not None and exposure.placement in live.placements
            service.metrics.exposed(exposure.placement if is_known else None)
            if live is not None and exposure.placement and exposure.action:
                at = exposure.occurred_at or now
                told = exposure.placement, exposure.action, at
                service.live_side.shown(live, pairs, *told)
                service.live_side.exposed(live, pairs, exposure.session_id, *told)
    return json_response(Accepted(len(lines), [f"x{item.personalization_id}" for item in body.exposures]), 202)


def _check_type(service: Service, event: Event, where: str) -> None:
    known = service.config.event_types.get(event.event_type)
    if known is None:
        raise refuse(
            422,
            "unknown_event_type",
            "There is no such event type; send it as 'custom' or add it to event_types.yml.",
            field=f"{where}.event_type",
            value=event.event_type,
            allowed=sorted(service.config.event_types),
        )
    for name in known.required:
        if getattr(event, name, None) is None:
            message = f"{event.event_type} needs the field {name}."
            raise refuse(422, "missing_field", message, field=f"{where}.{name}")


def _moment(service: Service, event: Event, pairs: Hashed, now: datetime) -> datetime:
    """When an event came: now, but a word of consent that says no moment comes after those before it."""
    if event.event_type != CONSENT_TYPE or event.occurred_at is not None:
        return now
    return service.live_side.moment_to_speak(pairs, str((event.properties or {}).get("purpose")), now)


def _check_moment(service: Service, moment: datetime | None, now: datetime, where: str) -> None:
    earliest, latest = service.config.earliest_event, now + service.config.future_tolerance
    if moment is not None and not earliest <= moment <= latest:
        raise _outside(moment, earliest, latest, where)


def _outside(moment: datetime, earliest: datetime, latest: datetime, where: str) -> Problem:
    bounds = f"{earliest.isoformat()} and {latest.isoformat()}"
    message = f"The moment must lie between {bounds}, on the clock of this project."
    return refuse(
        422, "moment_out_of_bounds", message, field=f"{where}.occurred_at".lstrip("."), value=moment.isoformat()
    )
