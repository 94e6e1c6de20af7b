"""Routes for whoever runs the service: kill switch, pauses, and a look at what has changed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from intake.ops_database import OpsStoreError
from intake.ops_records import Pause
from intake.ops_store import OpsStore
from intake.pause_records import BY_HAND, is_arm
from intake.pause_rules import rule_of
from serving.decide import PAUSE_ALL
from serving.http.body import read_body
from serving.http.messages import PauseRequest, Pauses, PauseState, Reloaded, ResumeRequest
from serving.http.problems import json_response, refuse
from serving.http.speaking import caller_of
from serving.service import Service

Done = TypeVar("Done")


async def pauses(request: Request) -> Response:
    """`GET /v1/admin/pauses`: what is paused, since when, by whom and why."""
    service: Service = request.app.state.service
    return await _in_force(service)


async def pause(request: Request) -> Response:
    """`POST /v1/admin/pause`: answer with the plain action, in one placement or, with scope `all`, everywhere."""
    service: Service = request.app.state.service
    body = await read_body(request, PauseRequest, service.config.max_body_bytes)
    _check_scope(service, body.scope)
    actor, now = f"key:{caller_of(request).name}", service.config.clock.now()
    reason = body.reason or "paused over HTTP"
    await _with_store(service, lambda store: store.set_pause(body.scope, reason=reason, actor=actor, at=now))
    return await _in_force(service)


async def resume(request: Request) -> Response:
    """`POST /v1/admin/resume`: lift a pause; the answer tells what is still paused."""
    service: Service = request.app.state.service
    body = await read_body(request, ResumeRequest, service.config.max_body_bytes)
    actor, now = f"key:{caller_of(request).name}", service.config.clock.now()
    # What was paused a moment ago is written first, so that it can be lifted.
    await asyncio.to_thread(service.pause_watch.tell, now)
    grace, reason = timedelta(hours=service.config.pausing.grace_hours), body.reason or "resumed over HTTP"
    lifted = await _with_store(
        service,
        lambda store: store.lift(body.scope, actor=actor, at=now, reason=reason, grace=grace, cause=body.cause),
    )
    if not lifted:
        in_force = sorted(service.paused)
        raise refuse(404, "not_paused", "This is not paused.", field="scope", value=body.scope, allowed=in_force)
    return await _in_force(service)


async def reload(request: Request) -> Response:
    """`POST /v1/admin/reload`: look at snapshot pointer, pauses and keys now; every worker does so twice a second."""
    service: Service = request.app.state.service
    await asyncio.to_thread(service.follow)
    service.prepare()
    answer = Reloaded(
        snapshot_version=service.store.version, problem=service.store.problem, paused=sorted(service.paused)
    )
    return json_response(answer)


async def _in_force(service: Service) -> Response:
    await asyncio.to_thread(service.follow_pauses)
    # What this worker has paused and nobody could be told of yet; asked first, or it might be written in between.
    holding = service.pause_watch.holding()
    found = await _with_store(service, lambda store: store.pauses())
    known = {(pause.scope, pause.cause) for pause in found}
    found += [pause for pause in holding if (pause.scope, pause.cause) not in known]
    return json_response(Pauses([_state(service, pause) for pause in found], sorted(service.paused)))


def _state(service: Service, pause: Pause) -> PauseState:
    by_hand = "by hand: /v1/admin/resume"
    lifted_by = rule_of(service.config.pausing, pause.cause).ends() if pause.is_automatic else by_hand
    return PauseState(
        pause.scope,
        pause.reason,
        pause.actor,
        pause.created_at,
        pause.cause or BY_HAND,
        dict(pause.evidence),
        lifted_by,
    )


async def _with_store(service: Service, work: Callable[[OpsStore], Done]) -> Done:
    store = service.config.ops
    try:
        if store is not None:
            return await asyncio.to_thread(work, store)
    except (sqlite3.Error, OpsStoreError, OSError):
        pass
    raise refuse(503, "pauses_unavailable", "Pauses can neither be read nor written now; nothing was changed.")


def _check_scope(service: Service, scope: str) -> None:
    with service.store.lease() as live:
        names = [] if live is None else sorted(live.placements)
    if scope != PAUSE_ALL and scope not in names and not is_arm(scope):
        message = "There is no such placement, and it does not name an arm (arm:experiment/version/arm)."
        raise refuse(422, "unknown_placement", message, field="scope", value=scope, allowed=[*names, PAUSE_ALL])
