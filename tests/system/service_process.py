"""A real server process on a free loopback port over a copy of the sample shop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.paths import DataPaths
from serving.snapshot import pointer
from serving.snapshot.records import IdentifierRow
from tests.serving import sample

# A free machine needs a few seconds; only a fault takes so long.
PATIENCE_SECONDS = 180.0
# One worker hands the signal on to itself once everything is closed; a parent of several returns.
ENDED = (0, -signal.SIGTERM)


@dataclass
class Served:
    """One running service."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to the process and wait for its end."""
        self.process.send_signal(sign)
        return self.process.wait(timeout=PATIENCE_SECONDS)


def publish(paths: DataPaths, version: str, day: int, greeting: str) -> None:
    """Write a version whose every answer carries `greeting`, so that a mixed answer shows."""
    key = identifier_key_bytes(paths)
    people = [p.customer_id for p in sample.profiles()]
    hashes = [(name, hash_identifier(key, "loyalty_id", name)) for name in people]
    rows = [IdentifierRow("loyalty_id", value, name) for name, value in hashes if value is not None]
    placements = []
    for placement in sample.contents().placements:
        actions = [a.model_copy(update={"content": {"greeting": greeting}}) for a in placement.actions]
        placements.append(placement.model_copy(update={"actions": actions}))
    created = sample.NOW + timedelta(days=day)
    sample.write(paths.snapshots, version, created_at=created, identifiers=rows, placements=placements)


def first_version(paths: DataPaths) -> None:
    """Publish and switch to v1."""
    publish(paths, "v1", 0, "v1")
    pointer.switch(paths.snapshots, "v1")


@contextmanager
def serving(
    root: Path, workers: int = 1, environment: dict[str, str] | None = None, program: str | None = None
) -> Iterator[Served]:
    """Start the service and wait until it is ready; it is killed at the end if it still runs.

    `program` is Python that serves instead of `python -m serving`, with the same arguments.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = os.environ | {"CONCIERGE_DATA": str(root), "CONCIERGE_CONFIG": str(sample.CONFIG)}
    variables.pop("CONCIERGE_API_KEY", None)
    variables |= environment or {}
    start = ["-m", "serving"] if program is None else ["-c", program]
    command = [sys.executable, *start, "--port", str(port), "--workers", str(workers)]
    served = Served(subprocess.Popen(command, env=variables), f"http://127.0.0.1:{port}")
    try:
        _wait_until_ready(served)
        yield served
    finally:
        if served.process.poll() is None:
            served.stop(signal.SIGKILL)


def _wait_until_ready(served: Served) -> None:
    def is_ready() -> bool:
        assert served.process.poll() is None, "the service ended while starting"
        try:
            return httpx.get(f"{served.url}/readyz", timeout=5.0).status_code == 200
        except httpx.TransportError:
            return False

    wait_for(is_ready, "the service to be ready")


def wait_for(holds: Callable[[], bool], what: str) -> None:
    """Ask again and again.

    Raises:
        AssertionError: it did not come true within `PATIENCE_SECONDS`.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS:g} s for {what}"
        time.sleep(0.05)
