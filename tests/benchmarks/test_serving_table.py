"""Loads by the clock, and what the table beside Feast counts as missed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks import serving_table
from benchmarks.paced import paced
from benchmarks.wrk import Case, Rate

ASKED = Case("asked", "POST", "/", [b"{}"])
ANSWER = b"HTTP/1.1 %s\r\ncontent-length: 2\r\n\r\n{}"


async def against(answers: list[bytes | None], rate: float, seconds: float, connections: int) -> Rate:
    """Load a service that answers one request after the other in 5 ms; None hangs up, the last answer repeats."""
    one_at_a_time, given = asyncio.Lock(), iter(answers)
    last: list[bytes | None] = [None]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n{}"):
                async with one_at_a_time:
                    await asyncio.sleep(0.005)
                    last[0] = next(given, last[0])
                if last[0] is None:
                    break
                writer.write(ANSWER % last[0])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        return await paced(server.sockets[0].getsockname()[1], ASKED, rate, seconds, connections)
    finally:
        server.close()


def test_what_is_due_is_sent_and_waited_for_however_slow_the_answers_are() -> None:
    found = asyncio.run(against([b"200 OK"], rate=800, seconds=0.25, connections=50))
    # 200 become due in a quarter of a second and take one second at least: those that wait in line are not left out.
    assert found.failed == 0
    assert found.rate < 250
    assert found.p99_ms > 600


def test_refusals_and_hang_ups_are_failed_answers() -> None:
    answers = [b"503 Busy", None, b"200 OK"]
    found = asyncio.run(against(answers, rate=100, seconds=0.2, connections=1))
    assert found.failed == 2


def test_every_case_shows_the_key_that_the_service_asks_for() -> None:
    assert {case.headers.get("authorization") for case in serving_table.cases(10).values()} == {
        f"Bearer {serving_table.KEY}"
    }


def test_failed_answers_and_a_failed_replay_miss_their_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert serving_table.none_failed("a load", 0)[2:] == ("0", True)
    assert serving_table.none_failed("a load", 1)[2:] == ("0", False)
    assert serving_table.at_least("a ratio", 0.59, 0.6)[3] is False
    command = tmp_path / "concierge"
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    for code, is_met in ((0, True), (1, False)):
        command.write_text(f"#!/bin/sh\necho 'all the same'\nexit {code}\n")
        command.chmod(0o755)
        assert serving_table.replayed(tmp_path, 10) == (
            "replay of logged decisions",
            "all the same",
            "all the same",
            is_met,
        )
