"""Requests by the clock: as many a second as asked for, however slow the answers are."""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks.wrk import Case, Rate

_CONNECTIONS = 32
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def paced(port: int, case: Case, rate: float, seconds: float, connections: int = _CONNECTIONS) -> Rate:
    """Latencies count from the moment a request was due, so that what waits in line is not left out.

    Args:
        port: of the service on this machine.
        case: requests, sent in turn.
        rate: requests that become due a second, whatever became of those before.
        seconds: how long they become due.
        connections: how many can be under way at once; what is due beyond that waits for one.
    """
    due: asyncio.Queue[float | None] = asyncio.Queue()
    latencies: list[float] = []
    workers = [asyncio.create_task(_connection(port, case, due, latencies)) for _ in range(connections)]
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        moment = began + number / rate
        if (wait := moment - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        due.put_nowait(moment)
    for _ in workers:
        due.put_nowait(None)
    failed = sum(await asyncio.gather(*workers))
    cuts = statistics.quantiles(latencies, n=100)
    return Rate(len(latencies) / (time.perf_counter() - began), cuts[49] * 1e3, cuts[98] * 1e3, failed)


async def _connection(port: int, case: Case, due: asyncio.Queue[float | None], latencies: list[float]) -> int:
    """Send what is due, one after the other; how many answers were not 2xx or did not come."""
    failed = number = 0
    streams: Streams | None = None
    while (moment := await due.get()) is not None:
        request = _request(case, number)
        number += 1
        try:
            streams = streams or await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
            failed += not await _is_answered(streams, request)
        except (OSError, asyncio.IncompleteReadError):
            # Hung up: the next one begins anew.
            failed += 1
            _closed(streams)
            streams = None
        latencies.append(time.perf_counter() - moment)
    _closed(streams)
    return failed


def _closed(streams: Streams | None) -> None:
    if streams is not None:
        streams[1].close()


def _request(case: Case, number: int) -> bytes:
    body = case.bodies[number % len(case.bodies)]
    head = f"{case.method} {case.path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in case.headers.items())
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def _is_answered(streams: Streams, request: bytes) -> bool:
    reader, writer = streams
    writer.write(request)
    answer = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
    return answer[9:10] == b"2"
