"""Finds what was decided under one personalization id, in closed segments and in those being written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from intake.log_line import payload

PERSONALIZATION_ID = re.compile(r"^[0-9a-f]{32}$", re.ASCII)
_DECODE = msgspec.json.Decoder(dict[str, Any])
# Searching a block of this size holds the interpreter for some 0.2 ms; requests are answered in between.
_BLOCK = 1 << 20


def logged_decision(service_log: Path, personalization_id: str) -> dict[str, Any] | None:
    """The decision's line, or None: never made here, no longer kept, or its person was erased.

    The log is searched from its newest segment on, byte by byte; there is no index.
    """
    return next(_sound(decision_lines(service_log, _named(personalization_id))), None)


def logged_exposures(service_log: Path, personalization_id: str) -> list[dict[str, Any]]:
    """The lines that say it was shown, the earliest first."""
    needle = f'"personalization_id":"{personalization_id}"'.encode()
    found = _sound(_lines_with(service_log / "exposures", needle))
    return sorted(found, key=lambda line: str(line["occurred_at"]))


def raw_decisions(service_log: Path, personalization_id: str) -> Iterator[bytes]:
    """The log lines of a personalization id, from the newest segment on: a question asked twice has two."""
    return decision_lines(service_log, _named(personalization_id))


def decision_lines(service_log: Path, needle: bytes = b"decision_made") -> Iterator[bytes]:
    """Lines of the decision log that hold some bytes, without their line feed, from the newest segment on."""
    return _lines_with(service_log / "decisions", needle)


def _named(personalization_id: str) -> bytes:
    return f'"event_id":"d{personalization_id}"'.encode()


def _lines_with(folder: Path, needle: bytes) -> Iterator[bytes]:
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


def _matches(path: Path, needle: bytes) -> Iterator[bytes]:
    rest = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            whole = block.rfind(b"\n") + 1
            lines, rest = rest + block[:whole], block[whole:] if whole else rest + block
            if whole and needle in lines:
                yield from (line for line in lines.split(b"\n") if needle in line)


def _sound(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield _DECODE.decode(payload(line))
        except (ValueError, msgspec.DecodeError):
            continue
