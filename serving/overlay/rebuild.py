"""An overlay that nobody kept is filled again from the log of events and of sealed calls, the newest segments first."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from intake.log_line import payload
from serving.overlay.arrival import Arrival
from serving.overlay.calls import SealedCalls
from serving.overlay.overlay import Overlay, OverlayFullError
from serving.overlay.sessions import IDLE_US, CustomerOf
from serving.overlay.words import CONSENT_TYPE
from serving.session.reducer import microseconds

_LOG = logging.getLogger(__name__)

# 15,000 events a second are folded, so half an hour of 200 events a second comes back; a start never waits longer.
LONGEST_SECONDS = 25.0
_BATCH = 500
_DECODE = msgspec.json.Decoder(dict[str, Any])


class LoggedArrivals:
    """Reads the service's log back into an overlay. Order does not matter, since sessions fold the same in any."""

    def __init__(
        self, overlay: Overlay, now: datetime, customer_of: CustomerOf, calls: SealedCalls | None = None
    ) -> None:
        self._overlay = overlay
        self._now, self._now_us = now, microseconds(now)
        self._customer_of = customer_of
        self._calls = calls
        # Arrival of the last event read.
        self._newest_us = self._now_us

    def rebuild(self, service_log: Path) -> int:
        """Take in the events and calls of the last half hour and every word of consent; how many lines were read.

        Torn and foreign lines are passed over.
        """
        deadline = time.monotonic() + LONGEST_SECONDS
        read = 0
        for batch in _batches(_consent_lines(service_log)):
            read += self._take(batch)
        for path in _newest_first(service_log / "events", service_log / "segment"):
            # A segment without anything sound says nothing of how old it is.
            self._newest_us = self._now_us
            for batch in _batches(_lines(path)):
                if time.monotonic() > deadline:
                    _LOG.warning("overlay: started with %d lines, the rest would take too long", read)
                    return read
                read += self._take(batch)
            if self._newest_us < self._now_us - IDLE_US:
                break
        return read

    def replay(self, paths: Iterable[Path]) -> None:
        """Take in the segments of a worker that died between disk and overlay; nothing counts twice."""
        for path in paths:
            if path.parent.name in ("events", "consents", "segment"):
                for batch in _batches(_lines(path)):
                    self._take(batch)

    def _take(self, lines: list[dict[str, Any]]) -> int:
        by_arrival: dict[int, list[Arrival]] = {}
        for line in lines:
            arrival = _arrival(line)
            if arrival is not None:
                is_word = line["event_type"] == CONSENT_TYPE
                said_at = _received_us(line, self._now_us) if is_word else self._now_us
                by_arrival.setdefault(said_at, []).append(arrival)
        if self._calls is not None:
            by_arrival.setdefault(self._now_us, []).extend(self._calls.arrivals(lines, self._now))
        for said_at, arrivals in by_arrival.items():
            if arrivals:
                self._newest_us = _received_us(arrivals[-1].fields, self._now_us)
            try:
                self._overlay.take(arrivals, said_at, self._customer_of)
            except OverlayFullError as error:
                _LOG.error("overlay: words of consent lost their room: %s", error)
        return len(lines)


def _arrival(line: dict[str, Any]) -> Arrival | None:
    try:
        at_us = microseconds(datetime.fromisoformat(line["occurred_at"]))
        pairs = tuple((item["type"], item["value"]) for item in line.get("identifiers", []))
        trusted = (line.get("properties") or {}).get("identity_verified") is True
        return Arrival(line["event_id"], at_us, pairs, line, trusted) if line["event_type"] else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _received_us(fields: Mapping[str, Any], otherwise: int) -> int:
    try:
        received = fields["received_at"]
        return microseconds(received if isinstance(received, datetime) else datetime.fromisoformat(received))
    except (KeyError, TypeError, ValueError):
        return otherwise


def _consent_lines(service_log: Path) -> Iterator[dict[str, Any]]:
    for path in _newest_first(service_log / "consents"):
        yield from _lines(path)


def _newest_first(*folders: Path) -> list[Path]:
    found = []
    for path in [path for folder in folders for path in (*folder.glob("*.jsonl"), *folder.glob("*.open"))]:
        try:
            found.append((path.stat().st_mtime_ns, path))
        except FileNotFoundError:
            # Closed under its final name in between; the worker that did so has taken it in.
            continue
    return [path for _, path in sorted(found, reverse=True)]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = path.with_suffix(".jsonl").read_bytes() if path.with_suffix(".jsonl").exists() else b""
    for line in content.splitlines():
        try:
            yield _DECODE.decode(payload(line))
        except (ValueError, msgspec.DecodeError):
            continue


def _batches(lines: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
