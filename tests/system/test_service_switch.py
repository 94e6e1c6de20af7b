"""A real service under load while versions are switched and rolled back: no dropped and no mixed answer."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from intake.paths import DataPaths
from serving.client import Concierge
from serving.snapshot import pointer
from tests.system.service_process import ENDED, PATIENCE_SECONDS, first_version, publish, serving, wait_for

PLACEMENTS = ["home_hero", "weekly_email_offer", "product_recommendation", "checkout_incentive"]
SWITCHES, ENOUGH = 6, 10


@pytest.mark.system
def test_switching_and_rolling_back_under_load(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    first_version(paths)
    publish(paths, "v2", 1, "v2")
    seen: Counter[str] = Counter()
    failures: list[str] = []
    stop = threading.Event()

    def load(url: str) -> None:
        body = {"identifiers": [{"type": "loyalty_id", "value": "ann"}], "placements": PLACEMENTS}
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            while not stop.is_set():
                try:
                    response = client.post("/v1/decide", json=body)
                    answer = response.json()
                    versions = {d["snapshot_version"] for d in answer["decisions"]}
                    versions |= {d["content"]["greeting"] for d in answer["decisions"]}
                    versions.add(answer["snapshot_version"])
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    failures.append(repr(error))
                    continue
                if response.status_code != 200 or len(versions) != 1:
                    failures.append(f"{response.status_code} {versions}")
                seen.update(versions)

    with serving(tmp_path) as served:
        threads = [threading.Thread(target=load, args=(served.url,), daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        with Concierge(served.url, timeout_seconds=PATIENCE_SECONDS) as concierge:
            for turn in range(SWITCHES):
                # Of its own work: how long the load makes it wait is no part of it.
                started = time.thread_time()
                live = pointer.rollback(paths.snapshots) if turn % 2 else pointer.switch(paths.snapshots, "v2")
                assert time.thread_time() - started < 1.0
                _wait_for(concierge, live.version)
                enough = seen[live.version] + ENOUGH
                wait_for(lambda: failures != [] or seen[live.version] > enough, f"answers of {live.version}")  # noqa: B023
        stop.set()
        for thread in threads:
            thread.join()
        assert served.stop() in ENDED
    assert failures == []
    assert set(seen) == {"v1", "v2"}


@pytest.mark.system
def test_a_broken_version_never_reaches_a_customer(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    first_version(paths)
    publish(paths, "v2", 1, "v2")
    with serving(tmp_path) as served, Concierge(served.url, timeout_seconds=PATIENCE_SECONDS) as concierge:
        pointer.switch(paths.snapshots, "v2")
        _wait_for(concierge, "v2")
        publish(paths, "v3", 2, "v3")
        pointer.switch(paths.snapshots, "v3")
        _wait_for(concierge, "v3")
        publish(paths, "v4", 3, "v4")
        (paths.snapshots / "v4" / "data.mdb").write_bytes(b"\0" * 4096)
        (paths.snapshots / "current").unlink()
        (paths.snapshots / "current").symlink_to("v4")
        wait_for(lambda: concierge.readiness().problem is not None, "the refusal of v4")
        ready = concierge.readiness()
        assert (ready.ready, ready.snapshot_version) == (True, "v3")
        assert "bytes, expected" in (ready.problem or "")
        assert concierge.decide(["home_hero"])[0].content == {"greeting": "v3"}
        assert served.stop() in ENDED


def _wait_for(concierge: Concierge, version: str) -> None:
    wait_for(lambda: concierge.readiness().snapshot_version == version, f"{version} to be picked up")
