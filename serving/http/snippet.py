"""`GET /concierge.js`: the script that pages load; public, since a script tag shows no key."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

PATH = "/concierge.js"
_CACHED = "public, max-age=300"


async def snippet(request: Request) -> Response:
    """The script, or 304 for whoever has it."""
    content, tag = _script()
    headers = {"ETag": tag, "Cache-Control": _CACHED, "Cross-Origin-Resource-Policy": "cross-origin"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="text/javascript", headers=headers)


@cache
def _script() -> tuple[bytes, str]:
    content = files("serving.browser").joinpath("concierge.js").read_bytes()
    return content, f'"{blake2b(content, digest_size=8).hexdigest()}"'
