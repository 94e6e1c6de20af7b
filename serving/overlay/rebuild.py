"""An overlay that nobody kept is filled again from the log of events, the newest segments first."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from intake.log_line import payload
from serving.overlay.arrival import Arrival
from serving.overlay.overlay import Overlay, OverlayFullError
from serving.overlay.sessions import IDLE_US, CustomerOf
from serving.overlay.words import CONSENT_TYPE
from serving.session.reducer import microseconds

_LOG = logging.getLogger(__name__)

# 15,000 events a second are folded, so half an hour of 200 events a second comes back; a start never waits longer.
LONGEST_SECONDS = 25.0
_BATCH = 500
_DECODE = msgspec.json.Decoder(dict[str, Any])


def rebuild(overlay: Overlay, service_log: Path, now_us: int, customer_of: CustomerOf) -> int:
    """Take in the events of the last half hour and every word of consent; how many lines were read.

    Order does not matter, since sessions fold the same in any. Torn and foreign lines are passed over.
    """
    deadline = time.monotonic() + LONGEST_SECONDS
    read = 0
    for batch in _batches(_consent_lines(service_log)):
        read += _take(overlay, batch, now_us, customer_of)
    for path in _newest_first(service_log / "events"):
        newest = None
        for batch in _batches(_lines(path)):
            if time.monotonic() > deadline:
                _LOG.warning("overlay: started with %d lines, the rest would take too long", read)
                return read
            read += _take(overlay, batch, now_us, customer_of)
            newest = batch[-1]
        if newest is not None and _received_us(newest, now_us) < now_us - IDLE_US:
            break
    return read


def replay(overlay: Overlay, paths: Iterable[Path], now_us: int, customer_of: CustomerOf) -> None:
    """Take in the segments of a worker that died between disk and overlay; what it had taken in is not taken twice."""
    for path in paths:
        if path.parent.name in ("events", "consents"):
            for batch in _batches(_lines(path)):
                _take(overlay, batch, now_us, customer_of)


def _take(overlay: Overlay, lines: list[dict[str, Any]], now_us: int, customer_of: CustomerOf) -> int:
    by_arrival: dict[int, list[Arrival]] = {}
    for line in lines:
        arrival = _arrival(line)
        if arrival is not None:
            said_at = _received_us(line, now_us) if line["event_type"] == CONSENT_TYPE else now_us
            by_arrival.setdefault(said_at, []).append(arrival)
    for said_at, arrivals in by_arrival.items():
        try:
            overlay.take(arrivals, said_at, customer_of)
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


def _received_us(line: dict[str, Any], otherwise: int) -> int:
    try:
        return microseconds(datetime.fromisoformat(line["received_at"]))
    except (KeyError, TypeError, ValueError):
        return otherwise


def _consent_lines(service_log: Path) -> Iterator[dict[str, Any]]:
    for path in _newest_first(service_log / "consents"):
        yield from _lines(path)


def _newest_first(folder: Path) -> list[Path]:
    found = []
    for path in [*folder.glob("*.jsonl"), *folder.glob("*.open")]:
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
