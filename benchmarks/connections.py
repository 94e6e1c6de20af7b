"""Ten thousand idle connections beside decisions: what each costs the service, and whether any answer fails.

The real service, `python -m serving`, over the snapshot of `benchmarks.serving`. Every connection asks once, stays open
while 16 others decide, and then decides itself. The client takes a share of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.serving import CONNECTIONS, Load, build, cases, free_port, load, request_bytes, until_ready
from intake.paths import DataPaths, repository_root
from serving.open_files import allow_most

AT_ONCE = 50
"""Connections that open, or ask, together: so few that the last of them is answered before its deadline."""
SOFT_LIMIT = 1_024
"""Open files that the service starts with, as in most shells."""
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def start(root: Path, environment: dict[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """Start the service as from a shell with few open files, and wait until it is ready."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (SOFT_LIMIT, most))

    port = free_port()
    variables = os.environ | {"CONCIERGE_DATA": str(root), "CONCIERGE_CONFIG": str(repository_root() / "config")}
    command = [sys.executable, "-m", "serving", "--port", str(port)]
    process = subprocess.Popen(command, env=variables | environment, cwd=repository_root(), preexec_fn=few_files)
    until_ready(process, port)
    return process, port


async def ask(connection: Connection, request: bytes) -> str:
    """Status and rungs of the answer, or the name of what went wrong."""
    reader, writer = connection
    try:
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        body = await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        return type(error).__name__
    rungs = {str(decision["rung"]) for decision in msgspec.json.decode(body).get("decisions", ())}
    return " ".join([head[9:12].decode(), *sorted(rungs)])


async def connect(port: int, count: int) -> list[Connection]:
    """Open so many connections, some hundred at a time."""
    found: list[Connection] = []
    while len(found) < count:
        more = min(AT_ONCE, count - len(found))
        found += await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(more)))
    return found


async def ask_all(connections: Sequence[Connection], requests: Sequence[bytes]) -> Counter[str]:
    """Answers by status; every connection asks once."""
    told: Counter[str] = Counter()
    for begin in range(0, len(connections), AT_ONCE):
        part = connections[begin : begin + AT_ONCE]
        asked = (ask(one, requests[(begin + n) % len(requests)]) for n, one in enumerate(part))
        told.update(await asyncio.gather(*asked))
    return told


def resident(process: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files(process: int) -> int:
    """Files and sockets that a process has open."""
    return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())


async def measure(port: int, server: int, idle: int, customers: int, seconds: float) -> None:
    """Warm up, decide alone, open the connections, decide beside them, and ask each of them again."""
    decide = cases(customers)["decide home_hero"]
    await load("warm-up", port, decide, 2.0)
    tell(await load("decide alone", port, decide, seconds, server))
    bytes_before, files_before = resident(server), open_files(server)
    began = time.perf_counter()
    connections = await connect(port, idle)
    first = await ask_all(connections, [request_bytes("GET", "/healthz")])
    print(f"{idle:,} connections opened, each asked once, in {time.perf_counter() - began:.1f} s: {dict(first)}")
    bytes_after, files_after = resident(server), open_files(server)
    print(f"open files: {files_before} before, {files_after:,} with them")
    print(f"resident: {bytes_before / 1e6:.1f} MB before, {bytes_after / 1e6:.1f} MB with them")
    print(f"a connection: {(bytes_after - bytes_before) / idle / 1e3:.1f} kB")
    tell(await load(f"decide beside {idle:,} idle", port, decide, seconds, server))
    began = time.perf_counter()
    again = await ask_all(connections, decide)
    print(f"each of them decides, in {time.perf_counter() - began:.1f} s: {dict(again)}")
    for _, writer in connections:
        writer.close()


def tell(found: Load) -> None:
    """One line."""
    print(
        f"{found.name}: {CONNECTIONS} connections, {found.rate:,.0f} requests/s, p50 {found.p50_ms:.1f} ms, "
        f"p99 {found.p99_ms:.1f} ms, failed {found.failed}, {found.cpu_us:,.0f} CPU µs a request"
    )


def main() -> None:
    """Build a snapshot, serve it, and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.connections", description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of decisions, before and beside")
    given = parser.parse_args()
    allow_most()
    with tempfile.TemporaryDirectory() as scratch:
        paths = DataPaths(Path(scratch))
        build(paths, given.customers)
        process, port = start(paths.root, {})
        try:
            asyncio.run(measure(port, process.pid, given.connections, given.customers, given.seconds))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
