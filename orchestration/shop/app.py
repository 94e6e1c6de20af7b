"""The shop as an application: its pages, and the way to the service that a shop's own server would be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from orchestration.shop import pages
from orchestration.shop.catalogue import Catalogue
from serving.http.snippet import snippet

_SECONDS = 10.0
# What a page needs; nothing else of the service is reached through the shop.
FORWARDED = frozenset({"v1/decide", "v1/events", "v1/exposures", "v1/consent"})
_SECURITY = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def create_app(catalogue: Catalogue, service: str, api_key: str | None = None) -> Starlette:
    """The shop over a catalogue and a running service.

    Args:
        catalogue: what it sells.
        service: base address of the lookup service.
        api_key: the shop's own key for it, if it asks for one; it never reaches the page.
    """
    head = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=service, headers=head, timeout=_SECONDS) as client:
            app.state.client = client
            yield

    routes = [
        Route("/", _page(lambda _: pages.home(catalogue))),
        Route("/cart", _page(lambda _: pages.cart(catalogue))),
        Route("/department/{name:path}", _page(lambda names: pages.department(catalogue, names["name"]))),
        Route("/product/{product_id}", _page(lambda names: _product(catalogue, names["product_id"]))),
        Route("/assets/{name}", _asset),
        # A shop hosts the script itself, so that a service that is away holds up no page.
        Route("/concierge/concierge.js", snippet),
        Route("/concierge/{path:path}", _forward, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _page(made: Callable[[dict[str, str]], str]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return HTMLResponse(made(dict(request.path_params)), headers=_SECURITY)
        except KeyError:
            raise HTTPException(404, "The shop has no such page.") from None

    return answer


def _product(catalogue: Catalogue, product_id: str) -> str:
    found = catalogue.product(product_id)
    if found is None:
        raise KeyError(product_id)
    return pages.product(catalogue, found)


async def _asset(request: Request) -> Response:
    try:
        content, kind = pages.asset(request.path_params["name"])
    except KeyError:
        raise HTTPException(404) from None
    return Response(content, media_type=kind, headers={"X-Content-Type-Options": "nosniff"})


async def _forward(request: Request) -> Response:
    path = request.path_params["path"]
    if path not in FORWARDED:
        raise HTTPException(404)
    client: httpx.AsyncClient = request.app.state.client
    kind = {"Content-Type": request.headers.get("content-type", "application/json")}
    try:
        answer = await client.post(f"/{path}", content=await request.body(), headers=kind)
    except httpx.HTTPError:
        raise HTTPException(502, "The lookup service does not answer.") from None
    return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))
