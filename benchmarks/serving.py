"""The lookup service under load, beside a static GET and a POST echo on the same server in the same run.

Ratios to the controls hold from machine to machine; the absolute figures are those of this one. The load generator
takes a share of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import httpx
import msgspec
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from intake.hashing import keyed_hash
from intake.keys import identifier_key_bytes
from intake.paths import DataPaths, repository_root
from serving.content import load_content
from serving.http.direct import Handler
from serving.http.messages import DecideRequest
from serving.server import build as build_service
from serving.snapshot import pointer
from serving.snapshot.records import (
    DecisionRow,
    FeatureValue,
    IdentifierRow,
    ProductRecord,
    ProfileRecord,
    Recommended,
    SnapshotContents,
)
from serving.snapshot.reworded import write_reworded
from serving.snapshot.writer import write_snapshot

CONNECTIONS = 16
CONTROLS = ("static GET", "POST echo")
KEY = "the-key-of-the-benchmark"
SEGMENTS = 6
PRODUCTS = 2_000
AS_OF = datetime(2018, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Load:
    """Result of one load: requests a second, latencies in ms, answers that were not 2xx, the server's CPU a request."""

    name: str
    rate: float
    p50_ms: float
    p99_ms: float
    failed: int
    cpu_us: float


def bench_app() -> Starlette:
    """The service with two controls on the same server, each in two ways."""
    app = build_service()
    decoder = msgspec.json.Decoder(DecideRequest)

    async def static(_: Request) -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def echo(request: Request) -> Response:
        return Response(msgspec.json.encode(decoder.decode(await request.body())), media_type="application/json")

    # The controls go by the framework's layers and past its routes, as calls do whose body comes in pieces; and, told
    # beside it, the way that any handler of the framework goes, as the first of its routes.
    app.router.routes[:0] = [Route("/routed/static", static), Route("/routed/echo", echo, methods=["POST"])]
    handlers = next(one.kwargs["handlers"] for one in app.user_middleware if "handlers" in one.kwargs)
    cast("dict[tuple[str, str], Handler]", handlers).update({("GET", "/static"): static, ("POST", "/echo"): echo})
    return app


def profiles(n: int, more: Sequence[str] = ()) -> Iterator[ProfileRecord]:
    """Synthetic customers, all consenting, with `more` features that no rule reads."""
    rng = random.Random(1)  # noqa: S311 - a benchmark needs no secret
    categories = ["GROCERY", "PRODUCE", "MEAT", "DELI", "DRUG GM"]
    for number in range(n):
        features: dict[str, FeatureValue] = {
            "recency_days": rng.randrange(90),
            "orders_91d": rng.randrange(30),
            "top_category": rng.choice(categories),
        }
        features |= {name: round(rng.random(), 4) for name in more}
        again = [Recommended(f"p{rng.randrange(PRODUCTS)}", rng.random()) for _ in range(10)]
        yield ProfileRecord(
            f"c{number}", rng.randrange(SEGMENTS), "Segment", "segment", rng.random(), 100.0, True, True, True,
            features=features, recommendations={"buy_again": again},
        )  # fmt: skip


def identifiers(key: bytes, customers: int) -> Iterator[IdentifierRow]:
    """Three of each customer."""
    kinds = ("loyalty_id", "email", "cookie")
    return (IdentifierRow(k, keyed_hash(key, k, f"{n}@x.yz"), f"c{n}") for n in range(customers) for k in kinds)


def making(paths: DataPaths, customers: int, more: Sequence[str] = ()) -> float:
    """CPU seconds of making up what `build` writes, which are none of a snapshot's."""
    started = time.process_time()
    for rows in (identifiers(identifier_key_bytes(paths), customers), profiles(customers, more)):
        deque(rows, maxlen=0)
    return time.process_time() - started


def build(paths: DataPaths, customers: int, more: Sequence[str] = ()) -> float:
    """Write, verify and switch to a snapshot; CPU seconds."""
    content = load_content(repository_root() / "config")
    key = identifier_key_bytes(paths)
    started = time.process_time()
    rows = [
        DecisionRow(placement.name, segment, "any", action.name, 1.0 + (hash((segment, index)) % 7) / 7, "bench", 1_000)
        for placement in content.placements if placement.strategy == "decision_table"
        for segment in range(-1, SEGMENTS)
        for index, action in enumerate(placement.actions) if action.name != "no_letter"
    ]  # fmt: skip
    contents = SnapshotContents(
        identifiers=identifiers(key, customers),
        profiles=profiles(customers, more),
        decision_rows=rows,
        products=(ProductRecord(f"p{n}", "GROCERY", 10.0, 8.0, 8.0, 6.0, 50.0) for n in range(PRODUCTS)),
        popular={"": [f"p{n}" for n in range(24)]},
        together={f"p{n}": [f"p{(n * 7 + i) % PRODUCTS}" for i in range(1, 13)] for n in range(PRODUCTS)},
        placements=content.placements,
        policies=content.policies,
    )
    write_snapshot(paths.snapshots, contents, version="bench", as_of=AS_OF, created_at=AS_OF)
    pointer.switch(paths.snapshots, "bench")
    return time.process_time() - started


def second_version(paths: DataPaths) -> None:
    """The same snapshot under another name, to switch to."""
    write_reworded(
        paths.snapshots, "bench", load_content(repository_root() / "config"), version="bench2", created_at=AS_OF
    )


def request_bytes(method: str, path: str, body: object | None = None) -> bytes:
    """One HTTP/1.1 request."""
    content = b"" if body is None else msgspec.json.encode(body)
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(content)}"
    )
    return head.encode() + b"\r\n\r\n" + content


def with_key(request: bytes) -> bytes:
    """The request with the key of the benchmark."""
    return request.replace(b"\r\n", b"\r\nauthorization: Bearer " + KEY.encode() + b"\r\n", 1)


async def _connection(port: int, requests: list[bytes], deadline: float, latencies: list[float]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    failed = number = 0
    while (started := time.perf_counter()) < deadline:
        writer.write(requests[number % len(requests)])
        number += 1
        head = await reader.readuntil(b"\r\n\r\n")
        if b"transfer-encoding: chunked" in head:
            await reader.readuntil(b"\r\n0\r\n\r\n")
        else:
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        latencies.append(time.perf_counter() - started)
        failed += head[9:10] != b"2"
    writer.close()
    return failed


async def load(name: str, port: int, requests: list[bytes], seconds: float, server: int = 0) -> Load:
    """Keep `CONNECTIONS` connections busy for `seconds`; `server` is the process whose CPU is read."""
    latencies: list[float] = []
    before = cpu_seconds(server)
    deadline = time.perf_counter() + seconds
    shares = [requests[n::CONNECTIONS] or requests for n in range(CONNECTIONS)]
    failed = await asyncio.gather(*(_connection(port, share, deadline, latencies) for share in shares))
    cuts = statistics.quantiles(latencies, n=100)
    cpu_us = (cpu_seconds(server) - before) / len(latencies) * 1e6
    return Load(name, len(latencies) / seconds, cuts[49] * 1e3, cuts[98] * 1e3, sum(failed), cpu_us)


def cpu_seconds(server: int) -> float:
    """CPU that a process has taken so far, without its children; 0 for no process."""
    if not server:
        return 0.0
    times = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def access_cases(customers: int) -> dict[str, list[bytes]]:
    """Requests to the ways round a full decision: a batch of 100, what caches ask, and what is prepared."""
    rng = random.Random(2)  # noqa: S311
    people = [{"identifiers": [{"type": "cookie", "value": f"{rng.randrange(customers)}@x.yz"}]} for _ in range(4_000)]
    hero = {"placements": ["home_hero"], "context": {"device_type": "mobile"}}
    batches = [{"people": people[n : n + 100], **hero} for n in range(0, 4_000, 100)]
    return {
        "decide home_hero, one": [request_bytes("POST", "/v1/decide", p | hero) for p in people],
        "decide batch of 100": [request_bytes("POST", "/v1/decide/batch", batch) for batch in batches],
        "decide past its deadline": [
            request_bytes("POST", "/v1/decide", p | hero | {"deadline_ms": 0}) for p in people
        ],
        "answer for caches": [request_bytes("GET", "/v1/placements/home_hero/1?device_type=mobile")],
    }


def cases(customers: int) -> dict[str, list[bytes]]:
    """Requests by case; people are drawn at random."""
    rng = random.Random(2)  # noqa: S311
    people = [[{"type": "cookie", "value": f"{rng.randrange(customers)}@x.yz"}] for _ in range(4_000)]
    context = {"device_type": "mobile", "product_id": "p7", "product_ids": ["p7", "p8"], "cart_value": 40.0}

    def asked(person: object, placements: list[str]) -> dict[str, object]:
        return {"identifiers": person, "placements": placements, "context": context}

    four = ["home_hero", "weekly_email_offer", "product_recommendation", "checkout_incentive"]
    event = {"event_type": "product_viewed", "product_id": "p7"}
    return {
        "static GET": [request_bytes("GET", "/static")],
        "POST echo": [request_bytes("POST", "/echo", asked(p, ["home_hero"])) for p in people],
        "profile lookup": [request_bytes("POST", "/v1/profiles/lookup", {"identifiers": p}) for p in people],
        "decide home_hero": [request_bytes("POST", "/v1/decide", asked(p, ["home_hero"])) for p in people],
        "decide checkout_incentive": [
            request_bytes("POST", "/v1/decide", asked(p, ["checkout_incentive"])) for p in people
        ],
        "decide all four": [request_bytes("POST", "/v1/decide", asked(p, four)) for p in people],
        "events, 1 a request": [
            request_bytes("POST", "/v1/events", {"events": [event | {"identifiers": p}]}) for p in people
        ],
        "events, 50 a request": [
            request_bytes("POST", "/v1/events", {"events": [event | {"identifiers": p}] * 50}) for p in people[:200]
        ],
    }


SERVE = """
import sys, uvicorn
uvicorn.run("benchmarks.serving:bench_app", factory=True, port=int(sys.argv[1]), workers=int(sys.argv[2]),
            http="serving.http.protocol:PatientProtocol", ws="none", access_log=False, log_level="warning")
"""


def start(root: Path, workers: int, key: str | None = None) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server and wait until it is ready; with a key it asks for one."""
    port = free_port()
    environment = os.environ | {"CONCIERGE_DATA": str(root), "CONCIERGE_CONFIG": str(_unlimited(root))}
    if key is not None:
        environment["CONCIERGE_API_KEY"] = key
    command = [sys.executable, "-c", SERVE, str(port), str(workers)]
    process = subprocess.Popen(command, env=environment, cwd=repository_root())
    until_ready(process, port)
    return process, port


def _unlimited(root: Path) -> Path:
    """The project's configuration with no limit that one key could reach: a refusal costs less than an answer."""
    folder = root / "config"
    shutil.copytree(repository_root() / "config", folder, dirs_exist_ok=True)
    settings = yaml.safe_load((folder / "settings.yml").read_text())
    settings.setdefault("serving", {}).update(key_per_second=1_000_000, key_burst=1_000_000)
    (folder / "settings.yml").write_text(yaml.safe_dump(settings))
    return folder


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the service can decide.

    Raises:
        SystemExit: it cannot after a minute; it is ended.
    """
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    process.kill()
    raise SystemExit("the service did not become ready")


def report(results: list[Load]) -> None:
    """Print rates, latencies and ratios to the two controls."""
    static, echo = results[0].rate, results[1].rate
    print(
        f"{'case':28} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'/ GET':>7} {'/ echo':>7} {'failed':>7} {'CPU µs':>8}"
    )
    for r in results:
        ratios = f"{r.rate / static:7.2f} {r.rate / echo:7.2f}"
        print(f"{r.name:28} {r.rate:8,.0f} {r.p50_ms:8.2f} {r.p99_ms:8.2f} {ratios} {r.failed:7d} {r.cpu_us:8.0f}")


def main() -> None:
    """Build a snapshot, load each case, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="per case")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--key", action="store_true", help="ask for a key, and count its limits")
    parser.add_argument("--access", action="store_true", help="the ways round a full decision instead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        paths = DataPaths(Path(scratch))
        cpu = build(paths, given.customers)
        size = (paths.snapshots / "bench" / "data.mdb").stat().st_size / 2**20
        print(
            f"snapshot: {given.customers:,} customers, {3 * given.customers:,} identifiers, "
            f"{size:,.0f} MiB, {cpu:.1f} CPU s"
        )
        process, port = start(paths.root, given.workers, KEY if given.key else None)
        try:
            work = cases(given.customers)
            if given.access:
                work = {name: work[name] for name in CONTROLS} | access_cases(given.customers)
            if given.key:
                work = {name: [with_key(request) for request in requests] for name, requests in work.items()}
            asyncio.run(load("warm-up", port, list(work.values())[-2], 1.0))
            print(f"{given.workers} worker(s), {CONNECTIONS} connections, {given.seconds:.0f} s a case")
            report(
                [asyncio.run(load(name, port, requests, given.seconds, process.pid)) for name, requests in work.items()]
            )
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
