"""What stands around every handler: however a body arrives, and however often it is asked, the answer is the same."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request

from serving.http.body import read_body
from serving.http.problems import Problem
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, running

LOOKUP = b'{"identifiers":[{"type":"loyalty_id","value":"ann"}]}'
UNKNOWN = b'{"identifiers":[{"type":"loyalty_id","value":"nobody"}]}'
WRONG = b'{"identifiers":[]}'
TORN = b'{"identifiers":'
EMPTY = b""


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]
    yield b""


async def asked(client: httpx.AsyncClient, content: bytes) -> list[httpx.Response]:
    """The same body whole, in pieces, and both again in gzip."""
    packed = {"content-encoding": "gzip"}
    small = gzip.compress(content)
    path = "/v1/profiles/lookup"
    return [
        await client.post(path, content=content),
        await client.post(path, content=pieces(content, 7)),
        await client.post(path, content=small, headers=packed),
        await client.post(path, content=pieces(small, 5), headers=packed),
    ]


def test_a_body_is_answered_alike_however_it_arrives(tmp_path: Path) -> None:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")

    async def run() -> None:
        async with running(config(tmp_path)) as client:
            for content, status in ((LOOKUP, 200), (UNKNOWN, 200), (WRONG, 422), (TORN, 400), (EMPTY, 400)):
                first, *others = await asked(client, content)
                assert first.status_code == status
                for other in others:
                    assert (other.status_code, other.content) == (status, first.content)
                    assert other.headers.raw == first.headers.raw

    asyncio.run(run())


def arriving(*contents: bytes, whole: bool = True, headers: Sequence[tuple[bytes, bytes]] = ()) -> Request:
    """A request whose body comes in these messages; one that is not whole breaks off after the last."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in contents]
    messages[-1]["more_body"] = not whole
    messages.append({"type": "http.disconnect"})

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    return Request({"type": "http", "headers": [*headers]}, receive)


@pytest.mark.parametrize("contents", [(b"[1,2,3]",), (b"[1,", b"2,3", b"]"), (b"[1,2,3]", b""), (b"", b"[1,2,3]")])
def test_a_body_is_what_its_messages_say_together(contents: tuple[bytes, ...]) -> None:
    assert asyncio.run(read_body(arriving(*contents), list[int], limit=7)) == [1, 2, 3]


@pytest.mark.parametrize("contents", [(b"[1,2,3] ",), (b"[1,", b"2,3] "), (b"[1,2,3]", b" ")])
def test_a_body_is_too_large_by_all_its_messages(contents: tuple[bytes, ...]) -> None:
    with pytest.raises(Problem, match="too_large"):
        asyncio.run(read_body(arriving(*contents), list[int], limit=7))


def test_what_a_packed_body_unpacks_to_nothing_is_limited_too() -> None:
    # An empty block of deflate that is not the last: five bytes that say nothing, as often as one likes.
    packed = [gzip.compress(b"")[:10], *[b"\0\0\0\xff\xff" * 20] * 20]
    with pytest.raises(Problem, match="too_large"):
        asyncio.run(read_body(arriving(*packed, headers=[(b"content-encoding", b"gzip")]), list[int], limit=1_000))


def test_a_body_that_breaks_off_is_answered_to_nobody() -> None:
    with pytest.raises(ClientDisconnect):
        asyncio.run(read_body(arriving(b"[1,", whole=False), list[int], limit=7))
