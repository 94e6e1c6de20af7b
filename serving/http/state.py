"""Routes about the service itself: health and readiness."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from serving.http.messages import Health, OverlayState, Readiness
from serving.http.problems import json_response
from serving.service import Service


async def healthz(_: Request) -> Response:
    """`GET /healthz`: the process answers."""
    return json_response(Health("ok"))


async def readyz(request: Request) -> Response:
    """`GET /readyz`: 200 with a live snapshot, 503 without one."""
    service: Service = request.app.state.service
    with service.store.lease() as live:
        answer = Readiness(
            ready=live is not None,
            snapshot_version=None if live is None else live.version,
            as_of=None if live is None else live.reader.manifest.as_of,
            problem=service.store.problem,
            paused=sorted(service.paused),
            pauses_problem=service.pause_watch.problem,
            decisions_written=service.decisions.written,
            decisions_lost=service.decisions.lost,
            worker=service.config.worker,
            overlay=_overlay(service),
        )
    return json_response(answer, 200 if answer.ready else 503)


def _overlay(service: Service) -> OverlayState:
    overlay = service.live_side.overlay
    if overlay is None:
        return OverlayState(
            available=False,
            problem=service.live_side.problem,
            sessions=0,
            used_share=0.0,
            events_folded=0,
            events_dropped=0,
            sessions_evicted=0,
            events_suppressed=0,
        )
    sessions, used = overlay.size()
    return OverlayState(
        available=True,
        problem=None,
        sessions=sessions,
        used_share=round(used, 4),
        events_folded=overlay.counts.taken.folded,
        events_dropped=overlay.counts.dropped,
        sessions_evicted=overlay.counts.evicted,
        events_suppressed=overlay.counts.suppressed,
    )
