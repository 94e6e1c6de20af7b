"""kill -9 of a real service that is acknowledging events: every acknowledged one is in the log afterwards."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import httpx
import msgspec
import pytest

from intake.log_line import payload
from intake.paths import DataPaths
from serving.client import Concierge
from serving.http.messages import Event, Identifier
from tests.system.service_process import ENDED, PATIENCE_SECONDS, Served, first_version, serving, wait_for

# Fifty are killed by benchmarks/http_intake.py; each start costs 3 CPU seconds.
ROUNDS = 5
CLIENTS = 4
ENOUGH = 60


@pytest.mark.system
def test_acknowledged_events_survive_kill_9(tmp_path: Path) -> None:
    first_version(DataPaths(tmp_path))
    acknowledged: set[str] = set()
    for turn in range(ROUNDS):
        with serving(tmp_path) as served:
            acknowledged |= _load_and_kill(served, turn)
    assert len(acknowledged) >= ROUNDS * ENOUGH
    with serving(tmp_path) as served:
        # Nobody kept the overlay, so it was filled from the log: every round left a session or more.
        with Concierge(served.url, timeout_seconds=PATIENCE_SECONDS) as concierge:
            assert concierge.readiness().overlay.sessions >= ROUNDS
        assert served.stop() in ENDED
    assert list((tmp_path / "service_log").rglob("*.open")) == []
    written = _event_ids(tmp_path)
    assert acknowledged <= set(written)
    assert len(written) == len(set(written))


@pytest.mark.system
def test_a_stopped_service_has_closed_its_log_and_lost_no_decision(tmp_path: Path) -> None:
    first_version(DataPaths(tmp_path))
    with serving(tmp_path, workers=2) as served:
        with Concierge(served.url, timeout_seconds=PATIENCE_SECONDS) as concierge:
            ids = {concierge.decide(["home_hero"], {"loyalty_id": "ann"})[0].personalization_id for _ in range(50)}
        served.stop()
    lines = [line for file in (tmp_path / "service_log" / "decisions").glob("*.jsonl") for line in _lines(file)]
    assert {line["personalization_id"] for line in lines} == ids
    assert list((tmp_path / "service_log").rglob("*.open")) == []


def _load_and_kill(served: Served, turn: int) -> set[str]:
    acknowledged: set[str] = set()

    def post(client_number: int) -> None:
        with Concierge(served.url, attempts=1, timeout_seconds=PATIENCE_SECONDS) as concierge:
            n = 0
            while served.process.poll() is None:
                n += 1
                ids = [f"t{turn}c{client_number}n{n}i{i}" for i in range(3)]
                who = msgspec.convert([{"type": "cookie", "value": f"k{turn}-{client_number}"}], list[Identifier])
                events = [Event(event_type="page_viewed", event_id=name, identifiers=who) for name in ids]
                try:
                    concierge.post_events(events)
                except httpx.TransportError:
                    return
                acknowledged.update(ids)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(acknowledged) >= ENOUGH, f"{ENOUGH} events to be acknowledged")
    served.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    return acknowledged


def _lines(file: Path) -> list[dict[str, str]]:
    return [msgspec.json.decode(payload(line)) for line in file.read_bytes().splitlines()]


def _event_ids(root: Path) -> list[str]:
    files = (root / "service_log" / "events").glob("*.jsonl")
    return [line["event_id"] for file in files for line in _lines(file)]
