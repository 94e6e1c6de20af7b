"""A running application in this process, without sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from cryptography.fernet import Fernet

from intake.clock import FixedClock
from intake.event import load_event_types
from intake.log_line import payload
from serving.app import create_app
from serving.configuration import ServiceConfig
from tests.serving import sample

# For what a free machine does at once; a busy one may take its time, and only a fault takes this long.
PATIENCE_SECONDS = 60.0
CIPHER = Fernet(Fernet.generate_key())


def config(root: Path, **changes: Any) -> ServiceConfig:
    """A configuration over the sample shop, with the sample's stand-in for hashing."""
    parts: dict[str, Any] = {
        "snapshots": root / "snapshots",
        "service_log": root / "service_log",
        "hash_identifier": lambda kind, value: None if value == "placeholder" else sample.value_hash(kind, value),
        "paused_scopes": frozenset,
        "clock": FixedClock(sample.NOW),
        "event_types": load_event_types(sample.CONFIG),
        "worker": "w",
        "cipher": lambda: CIPHER,
        "poll_seconds": 0.02,
        # A busy machine may stand still for a second, and what was asked is the answer in time.
        "deadline_ms": 60_000.0,
    }
    return ServiceConfig(**(parts | changes))


@asynccontextmanager
async def running(configuration: ServiceConfig) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application while it runs."""
    app = create_app(configuration)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop") as client,
    ):
        yield client


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what the service does by itself, at some moment of its own."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not await holds():
        assert time.monotonic() < end, f"it did not come within {PATIENCE_SECONDS:g} s"
        await asyncio.sleep(0.01)


def logged(root: Path, kind: str) -> list[dict[str, Any]]:
    """Every line of one kind of log, from closed segments."""
    files = sorted((root / "service_log" / kind).glob("*.jsonl"))
    return [msgspec.json.decode(payload(line)) for path in files for line in path.read_bytes().splitlines()]
