"""The application: routes, problem handlers, key guard and the service's life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from serving.access.key import Scope
from serving.configuration import ServiceConfig
from serving.http.at_once import AtOnce
from serving.http.browsers import BrowserCalls
from serving.http.direct import Direct
from serving.http.guard import Guard, Judge
from serving.http.measured import metrics
from serving.http.openapi import docs, openapi
from serving.http.operations import OPERATIONS
from serving.http.problems import Problem, on_http_exception, on_problem
from serving.http.reception import NAME, Reception
from serving.http.segment import batch, one_call
from serving.http.segment_call import PATHS, SHORT_TYPES
from serving.http.shield import Shield
from serving.http.snippet import PATH as SNIPPET
from serving.http.snippet import snippet
from serving.http.timing import Timing
from serving.service import Service


def create_app(config: ServiceConfig) -> Starlette:
    """One worker's application; snapshot and logs are opened when it starts, after any fork."""
    service = Service(config)
    judge = Judge(lambda: service.gate, scopes())
    answers = {o.path: o.at_once for o in OPERATIONS if o.at_once is not None}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Reception]]:
        at_once = AtOnce(app, judge, service.metrics.request, answers, browser_paths())
        async with service.running():
            yield {NAME: Reception(config.body_seconds, config.max_connections, at_once=at_once)}

    routes = [Route(o.path, o.handler, methods=[o.method], name=o.name) for o in OPERATIONS]
    routes += [Route("/openapi.json", openapi), Route("/docs", docs), Route("/metrics", metrics)]
    routes += [Route(f"/v1/{short}", one_call(kind), methods=["POST"]) for short, kind in SHORT_TYPES.items()]
    routes += [Route("/v1/b", batch, methods=["POST"]), Route(SNIPPET, snippet)]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(Shield),
            Middleware(Timing, told=service.metrics.request, paths=[route.path for route in routes]),
            Middleware(BrowserCalls, origins=lambda: service.keys.origins, paths=browser_paths()),
            Middleware(Guard, judge=judge),
            Middleware(Direct, handlers={(o.method, o.path): o.handler for o in OPERATIONS if "{" not in o.path}),
        ],
        exception_handlers={Problem: on_problem, HTTPException: on_http_exception},
        lifespan=lifespan,
    )
    # A redirect would go to the host that the request names itself, in plain http behind most proxies.
    app.router.redirect_slashes = False
    app.state.service = service
    return app


def scopes() -> dict[str, Scope]:
    """The scope that each path needs; one with a parameter stands for all below its fixed part."""
    needed: dict[str, Scope] = {o.path.partition("{")[0]: o.scope for o in OPERATIONS if o.scope is not None}
    needed |= dict.fromkeys(("/openapi.json", "/docs", "/metrics"), "read")
    return needed | dict.fromkeys(PATHS, "ingest")


def browser_paths() -> set[str]:
    """Paths that a browser's key may use."""
    return {o.path.partition("{")[0] for o in OPERATIONS if o.for_browsers} | PATHS
