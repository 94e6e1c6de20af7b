"""Segment's library in a browser: its short paths, and who may call from another origin."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from serving.access.origin import named_origins
from serving.http.segment_call import SHORT_TYPES
from tests.serving.test_segment import BROWSER_KEY, SERVER_KEY, kept, play

SHOP = "https://shop.example"
CALL = {"anonymousId": "a1", "event": "Hello", "groupId": "g1", "previousId": "k1", "writeKey": BROWSER_KEY}
ASKED = {"origin": SHOP, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
KEYS = {"api_key": SERVER_KEY, "browser_key": BROWSER_KEY}


@pytest.mark.parametrize("short", SHORT_TYPES)
def test_first_letters_are_paths_too(tmp_path: Path, short: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        body, plain = json.dumps(CALL), {"origin": SHOP, "content-type": "text/plain"}
        answer = await client.post(f"/v1/{short}", content=body, headers=plain)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, SHOP)
        many = json.dumps({"batch": [CALL | {"type": SHORT_TYPES[short]}] * 2, "writeKey": BROWSER_KEY})
        assert (await client.post("/v1/b", content=many, headers=plain)).status_code == 200

    play(tmp_path, scenario, **KEYS, browser_origins=(SHOP,))
    assert [line["type"] for line in kept(tmp_path)] == [SHORT_TYPES[short]] * 3


@pytest.mark.parametrize(
    ("path", "allowed"), [("/v1/track", True), ("/v1/t", True), ("/v1/decide", True), ("/v1/features", False)]
)
def test_a_page_of_a_named_origin_may_do_what_its_key_may(tmp_path: Path, path: str, allowed: bool) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        named = await client.options(path, headers=ASKED)
        other = await client.options(path, headers=ASKED | {"origin": "https://evil.example"})
        assert (named.status_code == 200 and named.headers.get("access-control-allow-origin") == SHOP) is allowed
        assert "access-control-allow-origin" not in other.headers

    play(tmp_path, scenario, **KEYS, browser_origins=(SHOP,))


def test_origins_are_read_and_what_is_none_is_named() -> None:
    assert named_origins("https://shop.example, http://localhost:3000,") == (SHOP, "http://localhost:3000")
    assert named_origins("*") == ("*",)
    with pytest.raises(ValueError, match="is no origin; write scheme, host and port"):
        named_origins("shop.example/x")
