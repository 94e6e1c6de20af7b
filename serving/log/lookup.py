"""Finds what was decided under one personalization id, in closed segments and in those being written."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from intake.log_line import payload

PERSONALIZATION_ID = re.compile(r"^[0-9a-f]{32}$", re.ASCII)
_DECODE = msgspec.json.Decoder(dict[str, Any])


def logged_decision(service_log: Path, personalization_id: str) -> dict[str, Any] | None:
    """The decision's line, or None: never made here, no longer kept, or its person was erased.

    The log is searched from its newest segment on, byte by byte; there is no index.
    """
    needle = f'"event_id":"d{personalization_id}"'.encode()
    return next(_lines_with(service_log / "decisions", needle), None)


def logged_exposures(service_log: Path, personalization_id: str) -> list[dict[str, Any]]:
    """The lines that say it was shown, the earliest first."""
    needle = f'"personalization_id":"{personalization_id}"'.encode()
    return sorted(_lines_with(service_log / "exposures", needle), key=lambda line: str(line["occurred_at"]))


def _lines_with(folder: Path, needle: bytes) -> Iterator[dict[str, Any]]:
    for path in _newest_first(folder):
        try:
            yield from _matches(path, needle)
        except FileNotFoundError:
            # Closed under its final name since the folder was read.
            if path.suffix == ".open" and path.with_suffix(".jsonl").exists():
                yield from _matches(path.with_suffix(".jsonl"), needle)


def _newest_first(folder: Path) -> list[Path]:
    names = [*folder.glob("*.open"), *folder.glob("*.jsonl")]
    return sorted(names, key=lambda path: (path.stat().st_mtime_ns if path.exists() else 0, path.name), reverse=True)


def _matches(path: Path, needle: bytes) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            place = content.find(needle)
            while place >= 0:
                start, end = content.rfind(b"\n", 0, place) + 1, content.find(b"\n", place)
                line = _sound(content[start : end if end >= 0 else len(content)])
                if line is not None:
                    yield line
                place = content.find(needle, place + len(needle))


def _sound(line: bytes) -> dict[str, Any] | None:
    try:
        return _DECODE.decode(payload(line))
    except (ValueError, msgspec.DecodeError):
        return None
