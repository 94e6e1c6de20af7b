"""The browser snippet as the service gives it: without a key, cacheable, small."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

from tests.serving.service_client import config, running

MOST_BYTES = 5_000


def test_the_script_is_public_and_cached_by_its_content(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(config(tmp_path, api_key="k" * 32)) as client:
            first = await client.get("/concierge.js")
            assert (first.status_code, first.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
            assert "max-age" in first.headers["cache-control"]
            assert len(gzip.compress(first.content, 9)) < MOST_BYTES
            again = await client.get("/concierge.js", headers={"If-None-Match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert (await client.post("/v1/decide", json={"placements": ["home_hero"]})).status_code == 401

    asyncio.run(run())
