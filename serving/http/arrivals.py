"""Routes that write to the log: events and exposures, acknowledged once they are on disk."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from serving.http.body import read_body
from serving.http.messages import Accepted, Event, EventsRequest, ExposuresRequest
from serving.http.problems import Problem, json_response, refuse
from serving.http.vouching import vouched_events
from serving.lines import event_line, exposure_line
from serving.log.stream import LogStream, LogUnavailableError
from serving.service import Service


async def events(request: Request) -> Response:
    """`POST /v1/events`: 202 means that every event of the batch survives a crash."""
    service: Service = request.app.state.service
    body = await read_body(request, EventsRequest, service.config.max_body_bytes)
    now = service.config.clock.now()
    for index, event in enumerate(body.events):
        _check_type(service, event, f"events[{index}]")
        _check_moment(service, event.occurred_at, now, f"events[{index}]")
    hashed = [service.hashed(event.identifiers) for event in body.events]
    vouched = vouched_events(service, request, body.events, hashed, now)
    lines = zip(body.events, hashed, vouched, strict=True)
    written = [event_line(event, pairs, now, verified=verified) for event, pairs, verified in lines]
    await _written(service.events, [line for _, line in written])
    return json_response(Accepted(len(written), [event_id for event_id, _ in written]), 202)


async def exposures(request: Request) -> Response:
    """`POST /v1/exposures`: what a person was really shown."""
    service: Service = request.app.state.service
    body = await read_body(request, ExposuresRequest, service.config.max_body_bytes)
    now = service.config.clock.now()
    for index, exposure in enumerate(body.exposures):
        _check_moment(service, exposure.occurred_at, now, f"exposures[{index}]")
    lines = [exposure_line(exposure, service.hashed(exposure.identifiers), now) for exposure in body.exposures]
    await _written(service.exposures, lines)
    return json_response(Accepted(len(lines), [f"x{item.personalization_id}" for item in body.exposures]), 202)


async def _written(stream: LogStream, lines: list[bytes]) -> None:
    try:
        await stream.append(lines)
    except LogUnavailableError:
        message = "The log cannot be written; nothing of this request was accepted. Send it again later."
        raise refuse(503, "log_unavailable", message) from None


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


def _check_moment(service: Service, moment: datetime | None, now: datetime, where: str) -> None:
    earliest, latest = service.config.earliest_event, now + service.config.future_tolerance
    if moment is not None and not earliest <= moment <= latest:
        raise _outside(moment, earliest, latest, where)


def _outside(moment: datetime, earliest: datetime, latest: datetime, where: str) -> Problem:
    bounds = f"{earliest.isoformat()} and {latest.isoformat()}"
    message = f"The moment must lie between {bounds}, on the clock of this project."
    return refuse(422, "moment_out_of_bounds", message, field=f"{where}.occurred_at", value=moment.isoformat())
