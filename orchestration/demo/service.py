"""The lookup service as a process of its own, for as long as the demo asks it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

HOST = "127.0.0.1"
# Importing, opening the snapshot and compiling its rules takes about 2 s; a busy machine needs several times that.
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.1


class ServiceNotReadyError(RuntimeError):
    """The service ended or did not become ready; the message has its last words."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_service(log: Path) -> Iterator[str]:
    """Start `concierge serve` on a free loopback port, give its base URL, and stop that process at the end.

    Args:
        log: file that takes what the service prints.

    Raises:
        ServiceNotReadyError: it ended, or was not ready within a minute.
    """
    port = free_port()
    command = [sys.executable, "-m", "orchestration.cli.main", "serve", "--port", str(port)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 - our own command
    try:
        _wait_until_ready(process, f"http://{HOST}:{port}", log)
        yield f"http://{HOST}:{port}"
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> int:
    """End exactly this process: ask first, so that it closes its log segments; insist after 20 s. Its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServiceNotReadyError(f"the service ended with code {process.returncode}: {last_words(log)}")
        try:
            if httpx.get(f"{url}/readyz", timeout=2.0).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(POLL_SECONDS)
    raise ServiceNotReadyError(f"the service was not ready within {READY_SECONDS:.0f} s: {last_words(log)}")


def last_words(log: Path) -> str:
    """The last line that was printed."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
