"""Requests by the clock: as many a second as asked for, however slow the answers are."""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks.wrk import Case, Rate

_CONNECTIONS = 32


async def paced(port: int, case: Case, rate: float, seconds: float) -> Rate:
    """Latencies count from the moment a request was due, so that what waits in line is not left out."""
    due: asyncio.Queue[float | None] = asyncio.Queue()
    latencies: list[float] = []
    workers = [asyncio.create_task(_connection(port, case, due, latencies)) for _ in range(_CONNECTIONS)]
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
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    failed = number = 0
    while (moment := await due.get()) is not None:
        body = case.bodies[number % len(case.bodies)]
        number += 1
        head = f"{case.method} {case.path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in case.headers.items())
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        latencies.append(time.perf_counter() - moment)
        failed += answer[9:10] != b"2"
    writer.close()
    return failed
