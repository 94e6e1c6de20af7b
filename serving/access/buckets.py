"""Token buckets that all workers of a machine share: one number for each, in a mapped file."""

from __future__ import annotations

import ipaddress
import logging
import mmap
import os
import time
import zlib
from functools import lru_cache
from pathlib import Path

_LOG = logging.getLogger(__name__)
FILE = "limits"
ADDRESSES = 1 << 16
_FIRST_ADDRESS = 1_024
_BYTES = (_FIRST_ADDRESS + ADDRESSES) * 8


class Buckets:
    """Each number is the moment (monotonic seconds) at which its bucket is full again: the generic cell rate algorithm.

    Two workers that write in the same microsecond may let one request too many through; nothing is locked for it.

    Args:
        folder: of the live overlay; None, or no room there, counts for this worker alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._mapped = _mapped(folder)
        self._cells = memoryview(self._mapped).cast("d")

    def wait(self, slot: int, per_second: float, burst: float, cost: float = 1.0) -> float:
        """Take `cost` tokens: 0.0, or the seconds until they are there, and then nothing is taken."""
        now = time.monotonic()
        full_at = self._full_at(slot, now, burst / per_second)
        missing = full_at + (cost - burst) / per_second - now
        if missing > 0:
            return missing
        self._cells[slot] = full_at + cost / per_second
        return 0.0

    def lacks(self, slot: int, per_second: float, burst: float) -> float:
        """Seconds until there is a token, 0.0 when there is one; nothing is taken."""
        now = time.monotonic()
        return max(0.0, self._full_at(slot, now, burst / per_second) + (1 - burst) / per_second - now)

    def _full_at(self, slot: int, now: float, whole_seconds: float) -> float:
        full_at = self._cells[slot]
        # Later than a whole bucket takes to fill: written before the machine started anew, or under other limits.
        return now if full_at < now or full_at > now + whole_seconds + 1.0 else full_at

    def close(self) -> None:
        """Let go of the file."""
        self._cells.release()
        self._mapped.close()


def address_slot(kind: str, address: str) -> int:
    """Where an address is counted, among 65,536 places."""
    return _FIRST_ADDRESS + zlib.crc32(f"{kind}\x1f{network_of(address)}".encode()) % ADDRESSES


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """The address; IPv6 by its first 64 bits, since one household has as many of the others as it likes."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


def _mapped(folder: Path | None) -> mmap.mmap:
    if folder is None or not folder.is_dir():
        return mmap.mmap(-1, _BYTES)
    try:
        descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Taken at once: a mapped file that finds no room later kills the process.
            os.posix_fallocate(descriptor, 0, _BYTES)
            return mmap.mmap(descriptor, _BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        _LOG.error("limits are counted by each worker alone: %s", error.strerror)
        return mmap.mmap(-1, _BYTES)
