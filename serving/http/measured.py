"""`GET /metrics`: what all living workers have counted, for Prometheus."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from serving.metrics.exposition import CONTENT_TYPE, exposition
from serving.metrics.files import others
from serving.service import Service


async def metrics(request: Request) -> Response:
    """`GET /metrics`: this worker as it is now, the others as they were some seconds ago."""
    service: Service = request.app.state.service
    service.gauge()
    beside = await asyncio.to_thread(others, service.config.service_log, service.config.worker)
    text = exposition([service.metrics.counted, *beside])
    return Response(text, headers={"cache-control": "no-store"}, media_type=CONTENT_TYPE)
