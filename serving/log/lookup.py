"""Finds what was decided under one personalization id, in closed segments and in those being written."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from math import inf
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
    found = _sound(logged_lines(service_log / "exposures", re.compile(re.escape(needle))))
    return sorted(found, key=lambda line: str(line["occurred_at"]))


def raw_decisions(service_log: Path, personalization_id: str) -> Iterator[bytes]:
    """The log lines of a personalization id, from the newest segment on: a question asked twice has two."""
    return decision_lines(service_log, _named(personalization_id))


def decision_lines(
    service_log: Path, needle: bytes = b"decision_made", since: float = 0.0, deadline: float = inf
) -> Iterator[bytes]:
    """Lines of the decision log that hold some bytes, without their line feed, from the newest segment on.

    Args:
        service_log: the service's log.
        needle: what a line must hold.
        since: seconds since 1970; segments not written to since then are passed over.
        deadline: of `time.monotonic`; no further segment is read after it.
    """
    return logged_lines(service_log / "decisions", re.compile(re.escape(needle)), since, deadline)


def _named(personalization_id: str) -> bytes:
    return f'"event_id":"d{personalization_id}"'.encode()


def logged_lines(
    folder: Path, pattern: re.Pattern[bytes], since: float = 0.0, deadline: float = inf
) -> Iterator[bytes]:
    """Lines of one kind of log in which something is found, from the newest segment on."""
    for path in _newest_first(folder, since):
        if time.monotonic() > deadline:
            return
        try:
            yield from _matches(path, pattern)
        except FileNotFoundError:
            # Closed under its final name since the folder was read.
            if path.suffix == ".open" and path.with_suffix(".jsonl").exists():
                yield from _matches(path.with_suffix(".jsonl"), pattern)


def _newest_first(folder: Path, since: float) -> list[Path]:
    found: dict[str, tuple[float, Path]] = {}
    # One that is closed meanwhile is found among the second, and once.
    for kind in ("*.open", "*.jsonl"):
        for path in folder.glob(kind):
            with suppress(FileNotFoundError):
                found[path.stem] = path.stat().st_mtime, path
    recent = [(written, path) for written, path in found.values() if written >= since]
    return [path for _, path in sorted(recent, key=lambda one: (one[0], one[1].name), reverse=True)]


def _matches(path: Path, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
    rest = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            whole = block.rfind(b"\n") + 1
            lines, rest = rest + block[:whole], block[whole:] if whole else rest + block
            if whole and pattern.search(lines):
                yield from (line for line in lines.split(b"\n") if pattern.search(line))


def _sound(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield _DECODE.decode(payload(line))
        except (ValueError, msgspec.DecodeError):
            continue
