"""The lookup service under load, beside a static GET and a POST echo on the same server in the same run.

Ratios to the controls hold from machine to machine; the absolute figures are those of this one. The load generator
takes a share of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from intake.hashing import keyed_hash
from intake.keys import identifier_key_bytes
from intake.paths import DataPaths, repository_root
from serving.content import load_content
from serving.http.messages import DecideRequest
from serving.server import build as build_service
from serving.snapshot import pointer
from serving.snapshot.records import (
    DecisionRow,
    IdentifierRow,
    ProductRecord,
    ProfileRecord,
    Recommended,
    SnapshotContents,
)
from serving.snapshot.writer import write_snapshot

CONNECTIONS = 16
SEGMENTS = 6
PRODUCTS = 2_000
AS_OF = datetime(2018, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Load:
    """Result of one load: requests a second, latencies in ms, and answers that were not 2xx."""

    name: str
    rate: float
    p50_ms: float
    p99_ms: float
    failed: int


def bench_app() -> Starlette:
    """The service with two controls on the same server."""
    app = build_service()
    decoder = msgspec.json.Decoder(DecideRequest)

    async def static(_: Request) -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def echo(request: Request) -> Response:
        return Response(msgspec.json.encode(decoder.decode(await request.body())), media_type="application/json")

    app.router.routes += [Route("/static", static), Route("/echo", echo, methods=["POST"])]
    return app


def profiles(n: int) -> Iterator[ProfileRecord]:
    """Synthetic customers, all consenting."""
    rng = random.Random(1)  # noqa: S311 - a benchmark needs no secret
    categories = ["GROCERY", "PRODUCE", "MEAT", "DELI", "DRUG GM"]
    for number in range(n):
        features = {
            "recency_days": rng.randrange(90),
            "orders_91d": rng.randrange(30),
            "top_category": rng.choice(categories),
        }
        again = [Recommended(f"p{rng.randrange(PRODUCTS)}", rng.random()) for _ in range(10)]
        yield ProfileRecord(
            f"c{number}", rng.randrange(SEGMENTS), "Segment", "segment", rng.random(), 100.0, True, True, True,
            features, {"buy_again": again},
        )  # fmt: skip


def build(paths: DataPaths, customers: int) -> float:
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
    kinds = ("loyalty_id", "email", "cookie")
    contents = SnapshotContents(
        identifiers=(
            IdentifierRow(k, keyed_hash(key, k, f"{n}@x.yz"), f"c{n}") for n in range(customers) for k in kinds
        ),
        profiles=profiles(customers),
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


def request_bytes(method: str, path: str, body: object | None = None) -> bytes:
    """One HTTP/1.1 request."""
    content = b"" if body is None else msgspec.json.encode(body)
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(content)}"
    )
    return head.encode() + b"\r\n\r\n" + content


async def _connection(port: int, requests: list[bytes], deadline: float, latencies: list[float]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    failed = number = 0
    while (started := time.perf_counter()) < deadline:
        writer.write(requests[number % len(requests)])
        number += 1
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - started)
        failed += head[9:10] != b"2"
    writer.close()
    return failed


async def load(name: str, port: int, requests: list[bytes], seconds: float) -> Load:
    """Keep `CONNECTIONS` connections busy for `seconds`."""
    latencies: list[float] = []
    deadline = time.perf_counter() + seconds
    shares = [requests[n::CONNECTIONS] or requests for n in range(CONNECTIONS)]
    failed = await asyncio.gather(*(_connection(port, share, deadline, latencies) for share in shares))
    cuts = statistics.quantiles(latencies, n=100)
    return Load(name, len(latencies) / seconds, cuts[49] * 1e3, cuts[98] * 1e3, sum(failed))


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


def start(root: Path, workers: int) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server and wait until it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {"CONCIERGE_DATA": str(root), "CONCIERGE_CONFIG": str(repository_root() / "config")}
    command = [sys.executable, "-m", "uvicorn", "benchmarks.serving:bench_app", "--factory", "--port", str(port)]
    options = ["--workers", str(workers), "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen([*command, *options], env=environment, cwd=repository_root())
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return process, port
        except httpx.TransportError:
            time.sleep(0.1)
    process.kill()
    raise SystemExit("the service did not become ready")


def report(results: list[Load]) -> None:
    """Print rates, latencies and ratios to the two controls."""
    static, echo = results[0].rate, results[1].rate
    print(f"{'case':28} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'/ GET':>7} {'/ echo':>7} {'failed':>7}")
    for r in results:
        ratios = f"{r.rate / static:7.2f} {r.rate / echo:7.2f}"
        print(f"{r.name:28} {r.rate:8,.0f} {r.p50_ms:8.2f} {r.p99_ms:8.2f} {ratios} {r.failed:7d}")


def main() -> None:
    """Build a snapshot, load each case, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="per case")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        paths = DataPaths(Path(scratch))
        cpu = build(paths, given.customers)
        size = (paths.snapshots / "bench" / "data.mdb").stat().st_size / 2**20
        print(
            f"snapshot: {given.customers:,} customers, {3 * given.customers:,} identifiers, "
            f"{size:,.0f} MiB, {cpu:.1f} CPU s"
        )
        process, port = start(paths.root, given.workers)
        try:
            work = cases(given.customers)
            asyncio.run(load("warm-up", port, work["decide all four"], 1.0))
            print(f"{given.workers} worker(s), {CONNECTIONS} connections, {given.seconds:.0f} s a case")
            report([asyncio.run(load(name, port, requests, given.seconds)) for name, requests in work.items()])
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
