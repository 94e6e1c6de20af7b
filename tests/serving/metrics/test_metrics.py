"""What the service tells Prometheus, what it leaves on disk, and what a run makes of that."""

from __future__ import annotations

import asyncio
import os
import re
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.slo.finished import FinishedRun
from orchestration.slo.record import record_levels
from serving.metrics import files
from serving.metrics.exposition import GAUGES
from serving.metrics.worker import DAYS_KEPT, WorkerMetrics
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, running

SERIES = re.compile(r"^concierge_([a-z_]+)(?:\{(.*)\})? (-?[0-9.e+-]+)$")
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')
KEY = "a-long-enough-api-key"
ANN = [{"type": "loyalty_id", "value": "ann"}]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    return tmp_path


def parsed(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SERIES.match(line)
        assert match, line
        labels = frozenset(LABEL.findall(match[2] or ""))
        assert (match[1], labels) not in found, line
        found[match[1], labels] = float(match[3])
    return found


def total(series: dict[Any, float], name: str, **labels: str) -> float:
    return sum(v for (n, have), v in series.items() if n == name and set(labels.items()) <= have)


def test_every_request_decision_rung_and_block_is_counted(root: Path) -> None:
    texts: list[str] = []

    async def run() -> None:
        async with running(config(root, overlay=root / "runtime", overlay_megabytes=16)) as client:
            for who in (ANN, [{"type": "loyalty_id", "value": "cleo"}]):
                await client.post(
                    "/v1/decide", json={"identifiers": who, "placements": ["home_hero", "checkout_incentive"]}
                )
            await client.post("/v1/decide", json={"placements": "wrong"})
            await client.post("/v1/events", json={"events": [{"event_type": "page_viewed"}] * 3})
            await client.get("/nothing/here")
            response = await client.get("/metrics")
            assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
            texts.append(response.text)

    asyncio.run(run())
    series = parsed(texts[0])
    assert total(series, "request_seconds_count", endpoint="/v1/decide", status="200") == 2
    assert total(series, "request_seconds_count", endpoint="/v1/decide", status="422") == 1
    assert total(series, "request_seconds_count", endpoint="other", status="404") == 1
    assert total(series, "request_seconds_bucket", endpoint="/v1/decide", status="200", le="+Inf") == 2
    assert total(series, "decision_seconds_count", placement="home_hero") == 2
    assert total(series, "decisions_total", placement="home_hero", rung="no_consent") == 1
    assert total(series, "decisions_total") == 4
    assert total(series, "blocked_total", placement="checkout_incentive") > 0
    assert total(series, "events_total", outcome="stored") == 3
    assert total(series, "snapshot_info", version="v1") == 1
    assert total(series, "snapshot_as_of_age_seconds") == 0
    assert {name for name, _ in series} >= GAUGES.keys()
    assert total(series, "overlay_available") == total(series, "snapshot_ready") == 1
    for name, labels in series:
        if name.endswith("_bucket"):
            rest = dict(labels - {("le", dict(labels)["le"])})
            counts = [total(series, name, **rest, le=dict(other)["le"]) for n, other in series
                      if n == name and rest.items() <= dict(other).items()]  # fmt: skip
            assert counts == sorted(counts)


def test_what_a_client_calls_a_placement_makes_no_series(root: Path) -> None:
    texts: list[str] = []

    async def run() -> None:
        async with running(config(root)) as client:
            for name in ("home_hero", "made up 1", "made up 2"):
                exposure = {"personalization_id": "a" * 32, "placement": name}
                assert (await client.post("/v1/exposures", json={"exposures": [exposure]})).status_code == 202
            texts.append((await client.get("/metrics")).text)

    asyncio.run(run())
    told = {dict(labels)["placement"]: n for (name, labels), n in parsed(texts[0]).items() if name == "exposures_total"}
    assert told == {"home_hero": 1, "": 2}


def test_a_worker_tells_of_the_others_that_live(root: Path) -> None:
    texts: list[str] = []

    async def run() -> None:
        async with running(config(root, worker="one")) as one, running(config(root, worker="two")) as two:
            for client in (one, two, two):
                await client.post("/v1/decide", json={"identifiers": ANN, "placements": ["home_hero"]})
        # Both have left their files; one comes back under a third name.
        os.utime(root / "service_log" / "metrics" / "one.json", (0, 0))
        async with running(config(root, worker="three")) as three:
            texts.append((await three.get("/metrics")).text)

    asyncio.run(run())
    series = parsed(texts[0])
    assert {dict(labels)["worker"] for _, labels in series} == {"two", "three"}
    assert total(series, "decisions_total", worker="two") == 2
    (value,) = files.decision_p99_ms(root / "service_log").values()
    assert 0 < value < 10_000


def test_metrics_need_the_key_where_there_is_one(root: Path) -> None:
    async def run() -> None:
        async with running(config(root, api_key=KEY)) as client:
            assert (await client.get("/metrics")).status_code == 401
            headers = {"authorization": f"Bearer {KEY}"}
            text = (await client.get("/metrics", headers=headers)).text
            assert total(parsed(text), "request_seconds_count", endpoint="/metrics", status="401") == 1

    asyncio.run(run())


def test_a_run_records_the_p99_of_each_day_over_all_workers_and_a_breach_opens_one_alert(tmp_path: Path) -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    settings = Settings.model_validate({"slo": {"decision_p99_ms": 10}})
    project = Project(DataPaths(tmp_path), tmp_path / "config", settings, FixedClock(now))
    first, second = WorkerMetrics("a"), WorkerMetrics("b")
    first.begin_day(date(2026, 3, 1))
    second.begin_day(date(2026, 3, 2))
    for worker, n, duration in ((first, 1_000, 2.0), (second, 90, 2.0), (second, 10, 90.0)):
        for _ in range(n):
            worker.request("/v1/decide", 200, duration)
    second.request("/v1/decide", 422, 9_000.0)
    second.request("/v1/events", 200, 9_000.0)
    for worker in (first, second):
        files.write(project.paths.service_log, worker.counted)
    record_levels(project, FinishedRun(now, now))
    store = OpsStore(project.paths)
    days = {item.metric_date: item.value for item in store.metrics("decision_p99_ms")}
    assert days[date(2026, 3, 1)] == pytest.approx(2.0, rel=0.01)
    assert 80 <= days[date(2026, 3, 2)] <= 100
    (alert,) = store.list_alerts("open")
    assert (alert.cause, alert.title[:38]) == ("slo:decision_p99_ms", "99 of 100 decisions took up to 98.0 ms")
    for _ in range(10_000):
        second.request("/v1/decide", 200, 2.0)
    files.write(project.paths.service_log, second.counted)
    record_levels(project, FinishedRun(now, now))
    assert store.list_alerts("open") == []


def test_days_and_files_of_long_ago_go(tmp_path: Path) -> None:
    worker, day = WorkerMetrics("old"), date(2026, 1, 1)
    for n in range(20):
        worker.begin_day(day + timedelta(days=n))
    assert len(worker.counted.days) == DAYS_KEPT
    files.write(tmp_path, worker.counted)
    (tmp_path / files.FOLDER / "torn.json").write_text("{")
    files.forget_old(tmp_path, day + timedelta(days=20))
    assert (tmp_path / files.FOLDER / "old.json").exists()
    assert [one.worker for one in files.others(tmp_path, "me")] == ["old"]
    past = time.time() - 60
    os.utime(tmp_path / files.FOLDER / "old.json", (past, past))
    assert files.others(tmp_path, "me") == []
    files.forget_old(tmp_path, day + timedelta(days=60))
    assert not (tmp_path / files.FOLDER / "old.json").exists()
