"""The application: routes, problem handlers, key guard and the service's life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from serving.configuration import ServiceConfig
from serving.http.browsers import BrowserCalls
from serving.http.guard import KeyGuard
from serving.http.measured import metrics
from serving.http.openapi import docs, openapi
from serving.http.operations import OPERATIONS
from serving.http.problems import Problem, on_crash, on_http_exception, on_problem
from serving.http.segment import batch, one_call
from serving.http.segment_call import SHORT_TYPES
from serving.http.timing import Timing
from serving.service import Service


def create_app(config: ServiceConfig) -> Starlette:
    """One worker's application; snapshot and logs are opened when it starts, after any fork."""
    service = Service(config)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with service.running():
            yield

    routes = [Route(o.path, o.handler, methods=[o.method], name=o.name) for o in OPERATIONS]
    routes += [Route("/openapi.json", openapi), Route("/docs", docs), Route("/metrics", metrics)]
    routes += [Route(f"/v1/{short}", one_call(kind), methods=["POST"]) for short, kind in SHORT_TYPES.items()]
    routes += [Route("/v1/b", batch, methods=["POST"])]
    timing = Middleware(Timing, told=service.metrics.request, paths=[route.path for route in routes])
    browsers = Middleware(BrowserCalls, origins=config.browser_origins)
    app = Starlette(
        routes=routes,
        middleware=[timing, browsers, *([Middleware(KeyGuard, key=config.api_key)] if config.api_key else [])],
        exception_handlers={Problem: on_problem, HTTPException: on_http_exception, Exception: on_crash},
        lifespan=lifespan,
    )
    app.state.service = service
    return app
