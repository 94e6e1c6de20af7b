"""One kind of log as requests see it: waiting for the disk together, or not at all."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from serving.log.segment import SegmentWriter

_LOG = logging.getLogger(__name__)

# 100,000 decisions are about 150 MB; beyond that the disk is not keeping up and memory must be spared.
CAPACITY = 100_000
_IDLE_SECONDS = 1.0
_GATHER_SECONDS = 0.02


class LogUnavailableError(Exception):
    """The line is not on disk and nothing of it will be."""


class LogStream:
    """Lines of one kind. `append` returns once they are on disk; `offer` never waits and may lose lines.

    While one group is being synced, the next one gathers: under load one fdatasync serves many requests.
    """

    def __init__(self, writer: SegmentWriter, *, capacity: int = CAPACITY) -> None:
        self._writer = writer
        self._capacity = capacity
        self._lines: list[bytes] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._turning: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._gathering_since: float | None = None
        self._writing_since: float | None = None
        self._writing = 0
        self.written = 0
        self.lost = 0

    @property
    def queued(self) -> int:
        """Lines that are not on disk yet."""
        return len(self._lines) + self._writing

    @property
    def lag_seconds(self) -> float:
        """How long the oldest line that is not on disk has waited; 0 when there is none."""
        since = self._writing_since or self._gathering_since
        return 0.0 if since is None else time.monotonic() - since

    async def append(self, lines: Sequence[bytes]) -> None:
        """Write lines and wait until they are on disk.

        Raises:
            LogUnavailableError: they are not.
        """
        if self._closing or len(self._lines) + len(lines) > self._capacity:
            raise LogUnavailableError("the log does not keep up")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.extend(lines)
        self._note_wait()
        self._waiting.append(future)
        self._wake.set()
        await future

    def offer(self, line: bytes) -> bool:
        """Queue a line; False, and counted as lost, when the queue is full."""
        if self._closing or len(self._lines) >= self._capacity:
            self.lost += 1
            return False
        self._lines.append(line)
        self._note_wait()
        self._wake.set()
        return True

    async def turn_over(self) -> None:
        """Return once everything taken so far is in closed segments, where intake finds it; needs `run` to run."""
        if self._closing:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turning.append(future)
        self._wake.set()
        await future

    async def run(self) -> None:
        """Write until `close` is called; run it as one task."""
        while not self._closing:
            try:
                await asyncio.wait_for(self._wake.wait(), _IDLE_SECONDS)
            except TimeoutError:
                await self._tidy()
                continue
            if not self._waiting:
                await asyncio.sleep(_GATHER_SECONDS)
            turning, self._turning = self._turning, []
            await self._flush()
            if turning:
                await self._tidy(final=True)
                self._turned(turning)
        while self._lines or self._waiting:
            await self._flush()
        await self._tidy(final=True)
        self._turned(self._turning)

    def close(self) -> None:
        """Make `run` write what is left, close the segment and return."""
        self._closing = True
        self._wake.set()

    @staticmethod
    def _turned(turning: list[asyncio.Future[None]]) -> None:
        for future in turning:
            if not future.done():
                future.set_result(None)

    def _note_wait(self) -> None:
        if self._gathering_since is None:
            self._gathering_since = time.monotonic()

    async def _flush(self) -> None:
        self._writing, self._writing_since, self._gathering_since = len(self._lines), self._gathering_since, None
        try:
            await self._write_lines()
        finally:
            self._writing, self._writing_since = 0, None

    async def _write_lines(self) -> None:
        lines, self._lines = self._lines, []
        waiting, self._waiting = self._waiting, []
        self._wake.clear()
        if self._closing:
            self._wake.set()
        if not (lines or waiting):
            return
        try:
            await asyncio.to_thread(self._writer.write, b"".join(lines), durable=bool(waiting))
        except OSError as error:
            _LOG.error("log: %d lines not written: %s", len(lines), error.strerror)
            self.lost += len(lines)
            for future in waiting:
                if not future.done():
                    future.set_exception(LogUnavailableError("the log cannot be written"))
            return
        self.written += len(lines)
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def _tidy(self, *, final: bool = False) -> None:
        try:
            await asyncio.to_thread(self._writer.close if final else self._writer.rotate)
        except OSError as error:
            _LOG.error("log: segment not closed: %s", error.strerror)
