"""Events over HTTP: rate and latency of durable acknowledgements, event to decision, and what kill -9 leaves.

Client and server share the machine's cores; the server's own CPU seconds are the steadier figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks.serving import AS_OF, request_bytes, start
from intake.log_line import payload
from intake.paths import DataPaths, repository_root
from serving.content import load_content
from serving.policy import Policy, Rule
from serving.snapshot import pointer
from serving.snapshot.records import DecisionRow, SnapshotContents
from serving.snapshot.writer import write_snapshot

BATCH = 100
CONNECTIONS = 8
PLACEMENT, ACTION = "home_hero", "deli"
PAGES = ["home", "search", "category", "product", "cart"]


@dataclass
class Measured:
    """Events acknowledged, seconds, latencies in ms, the server's CPU seconds and refusals."""

    events: int
    seconds: float
    latencies: list[float]
    cpu_seconds: float
    failed: int

    def line(self, name: str) -> str:
        """One row of the report."""
        cuts = statistics.quantiles(self.latencies, n=100)
        rate, cpu = self.events / self.seconds, self.events / max(self.cpu_seconds, 1e-9)
        return f"{name:34} {rate:10,.0f} {cpu:12,.0f} {cuts[49]:8.2f} {cuts[98]:8.2f} {self.failed:7d}"


def publish(paths: DataPaths) -> None:
    """A snapshot without customers whose one rule chooses by what a visitor does."""
    content = load_content(repository_root() / "config")
    rule = Rule(
        name="seen", effect="force", when="session_page_views >= 1", reason="Seen.", placements=[PLACEMENT],
        actions=[ACTION],
    )  # fmt: skip
    contents = SnapshotContents(
        identifiers=[],
        profiles=[],
        decision_rows=[DecisionRow(PLACEMENT, -1, "any", "produce", 1.0, "bench", 1_000)],
        products=[],
        popular={"": ["p1"]},
        together={},
        placements=[p for p in content.placements if p.name == PLACEMENT],
        policies=[Policy(name="live", version=1, description="d", owner="o", rules=[rule])],
    )
    write_snapshot(paths.snapshots, contents, version="bench", as_of=AS_OF, created_at=AS_OF)
    pointer.switch(paths.snapshots, "bench")


def events(rng: random.Random, n: int) -> Iterator[dict[str, Any]]:
    """What a tracker sends: three kinds of events with the usual fields; twelve events a visitor."""
    for _ in range(n):
        visitor = rng.randrange(20_000)
        common = {
            "event_id": f"e{rng.getrandbits(64):016x}",
            "session_id": f"s{visitor}",
            "channel": "web",
            "device_type": rng.choice(["mobile", "desktop"]),
            "os": "iOS",
            "browser": "Safari",
            "locale": "en-US",
            "identifiers": [{"type": kind, "value": f"{kind}-{visitor}"} for kind in ("cookie", "device_id")],
            "page_url": f"https://shop.example/{rng.choice(PAGES)}/{rng.randrange(2_000)}?utm_source=mail",
            "referrer": "https://search.example/results",
        }  # fmt: skip
        about = {"product_id": f"p{rng.randrange(2_000)}", "category": "GROCERY", "unit_price": 12.5}
        kind = rng.random()
        if kind < 0.45:
            yield common | {
                "event_type": "page_viewed",
                "page_type": rng.choice(PAGES),
                "dwell_ms": rng.randrange(9_000),
            }
        elif kind < 0.9:
            yield common | about | {"event_type": "product_viewed", "dwell_ms": 5_000, "scroll_depth": 0.7}
        else:
            yield common | about | {"event_type": "cart_added", "quantity": 1, "properties": {"list": "search"}}


def requests(seed: int, n: int, batch: int) -> list[bytes]:
    """`n` requests of `batch` events each."""
    rng = random.Random(seed)  # noqa: S311 - a benchmark needs no secret
    return [request_bytes("POST", "/v1/events", {"events": list(events(rng, batch))}) for _ in range(n)]


class Connection:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Connection:
        """Connect to the loopback."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return int(head[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def flat_out(port: int, seconds: float, work: list[bytes], cpu: Callable[[], float]) -> Measured:
    """Every connection sends its next batch as soon as the last one is acknowledged."""
    measured = Measured(0, 0.0, [], 0.0, 0)
    began, cpu_before = time.perf_counter(), cpu()

    async def one(number: int) -> None:
        connection = await Connection.to(port)
        turn = number
        while time.perf_counter() - began < seconds:
            sent = time.perf_counter()
            status, _ = await connection.send(work[turn % len(work)])
            turn += CONNECTIONS
            measured.latencies.append((time.perf_counter() - sent) * 1e3)
            measured.events += BATCH if status == 202 else 0
            measured.failed += status != 202
        connection.close()

    await asyncio.gather(*(one(number) for number in range(CONNECTIONS)))
    measured.seconds, measured.cpu_seconds = time.perf_counter() - began, cpu() - cpu_before
    return measured


async def paced(port: int, seconds: float, batch: int, a_second: int, cpu: Callable[[], float]) -> Measured:
    """`a_second` events a second in batches, each sent at its moment whether or not the last one was answered."""
    work = requests(3, 400, batch)
    measured = Measured(0, 0.0, [], 0.0, 0)
    pool = [await Connection.to(port) for _ in range(32)]
    pause, began, cpu_before = batch / a_second, time.perf_counter(), cpu()

    async def one(number: int) -> None:
        connection = pool.pop() if pool else await Connection.to(port)
        due = began + number * pause
        status, _ = await connection.send(work[number % len(work)])
        measured.latencies.append((time.perf_counter() - due) * 1e3)
        measured.events += batch
        measured.failed += status != 202
        pool.append(connection)

    running = []
    for number in range(int(seconds / pause)):
        await asyncio.sleep(max(0.0, began + number * pause - time.perf_counter()))
        running.append(asyncio.create_task(one(number)))
    await asyncio.gather(*running)
    measured.seconds, measured.cpu_seconds = time.perf_counter() - began, cpu() - cpu_before
    return measured


async def two_workers(port: int) -> tuple[Connection, Connection]:
    """A connection to each of two workers."""
    found: dict[str, Connection] = {}
    for _ in range(200):
        connection = await Connection.to(port)
        _, body = await connection.send(request_bytes("GET", "/readyz"))
        found.setdefault(json.loads(body)["worker"], connection)
        if len(found) == 2:
            first, second = found.values()
            return first, second
        await asyncio.sleep(0.05)
    raise SystemExit("no second worker answered")


async def event_to_decision(port: int, trials: int) -> tuple[list[float], int]:
    """Milliseconds from posting an event to one worker until another one's decision has seen it; how often not."""
    poster, asker = await two_workers(port)
    latencies, unseen = [], 0
    for number in range(trials):
        who = [{"type": "cookie", "value": f"latency-{number}"}]
        event = {"event_type": "page_viewed", "identifiers": who}
        asked = request_bytes("POST", "/v1/decide", {"placements": [PLACEMENT], "identifiers": who})
        sent = time.perf_counter()
        await poster.send(request_bytes("POST", "/v1/events", {"events": [event]}))
        _, body = await asker.send(asked)
        latencies.append((time.perf_counter() - sent) * 1e3)
        unseen += json.loads(body)["decisions"][0]["rung"] != "rule"
    return latencies, unseen


async def decide_latency(port: int, trials: int) -> list[float]:
    """Milliseconds of the decision alone, for comparison."""
    connection = await Connection.to(port)
    who = [{"type": "cookie", "value": "latency-1"}]
    asked = request_bytes("POST", "/v1/decide", {"placements": [PLACEMENT], "identifiers": who})
    latencies = []
    for _ in range(trials):
        sent = time.perf_counter()
        await connection.send(asked)
        latencies.append((time.perf_counter() - sent) * 1e3)
    return latencies


async def until_killed(port: int, process: subprocess.Popen[bytes], seed: int, seconds: float) -> set[str]:
    """Ids acknowledged before the server was killed under load."""
    acknowledged: set[str] = set()
    rng = random.Random(seed)  # noqa: S311

    async def one() -> None:
        connection = await Connection.to(port)
        while True:
            batch = list(events(rng, BATCH))
            try:
                status, body = await connection.send(request_bytes("POST", "/v1/events", {"events": batch}))
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if status == 202:
                acknowledged.update(json.loads(body)["event_ids"])

    tasks = [asyncio.create_task(one()) for _ in range(4)]
    await asyncio.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    await asyncio.gather(*tasks)
    process.wait()
    return acknowledged


def kill_loop(paths: DataPaths, times: int) -> tuple[int, int]:
    """Events acknowledged over all kills, and how many of them no log has."""
    acknowledged: set[str] = set()
    for turn in range(times):
        process, port = start(paths.root, 1)
        rng = random.Random(turn)  # noqa: S311
        acknowledged |= asyncio.run(until_killed(port, process, turn, rng.uniform(0.2, 1.0)))
    process, _ = start(paths.root, 1)
    process.terminate()
    process.wait()
    return len(acknowledged), len(acknowledged - set(logged_ids(paths.service_log / "events")))


def logged_ids(folder: Path) -> Iterator[str]:
    """Ids in closed segments; every checksum is verified."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    for file in folder.glob("*.jsonl"):
        for line in file.read_bytes().splitlines():
            yield decoder.decode(payload(line))["event_id"]


def cpu_of(process: subprocess.Popen[bytes]) -> Callable[[], float]:
    """CPU seconds of the server so far, user and system."""
    file, ticks = Path(f"/proc/{process.pid}/stat"), os.sysconf("SC_CLK_TCK")
    return lambda: sum(int(part) for part in file.read_text().rpartition(")")[2].split()[11:13]) / ticks


def measured_run(root: Path, workers: int, work: Callable[[int, Callable[[], float]], Awaitable[None]]) -> None:
    """Start a fresh service, do the work, stop it."""
    paths = DataPaths(root)
    publish(paths)
    process, port = start(root, workers)
    try:
        asyncio.run(_awaited(work(port, cpu_of(process))))
        if workers == 1:
            print("overlay:", httpx.get(f"http://127.0.0.1:{port}/readyz").json()["overlay"])
    finally:
        process.terminate()
        process.wait()


async def _awaited(work: Awaitable[None]) -> None:
    await work


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http_intake", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="per case")
    parser.add_argument("--trials", type=int, default=2_000, help="of event to decision")
    parser.add_argument("--kills", type=int, default=50)
    given = parser.parse_args()

    async def intake(port: int, cpu: Callable[[], float]) -> None:
        work = requests(1, 600, BATCH)
        await flat_out(port, 1.0, work, cpu)
        print(f"{'case':34} {'events/s':>10} {'per CPU s':>12} {'p50 ms':>8} {'p99 ms':>8} {'failed':>7}")
        print((await flat_out(port, given.seconds, requests(2, 1_500, BATCH), cpu)).line("batches of 100, flat out"))
        for batch in (100, 10):
            name = f"1,000 a second in batches of {batch}"
            print((await paced(port, given.seconds, batch, 1_000, cpu)).line(name))

    async def latency(port: int, _: Callable[[], float]) -> None:
        for name, (found, unseen) in {
            "decision alone": (await decide_latency(port, given.trials), 0),
            "event, then decision elsewhere": await event_to_decision(port, given.trials),
        }.items():
            cuts = statistics.quantiles(found, n=100)
            print(f"{name:34} p50 {cuts[49]:6.2f} ms   p99 {cuts[98]:6.2f} ms   not seen {unseen}")

    with tempfile.TemporaryDirectory() as scratch:
        measured_run(Path(scratch) / "one", 1, intake)
        measured_run(Path(scratch) / "two", 2, latency)
        paths = DataPaths(Path(scratch) / "kill")
        publish(paths)
        total, lost = kill_loop(paths, given.kills)
        print(f"{given.kills} kills: {total:,} events acknowledged, {lost} lost")


if __name__ == "__main__":
    main()
