"""Messages of one topic on their way into the lake: gathered in memory, then one file that survives a crash."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from intake.atomic_file import sync
from intake.kafka.offsets import Position

MAX_BYTES = 64 << 20


@dataclass
class Gathered:
    """Messages of a topic since its last spool file, as JSON lines, and the offsets that follow them."""

    topic: str
    since: float
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    next_offsets: dict[Position, int] = field(default_factory=dict)

    def add(self, partition: int, offset: int, value: bytes | None) -> None:
        """One message; a tombstone (no value) only moves the offset."""
        self.next_offsets[(self.topic, partition)] = offset + 1
        if value is None or not value.strip():
            return
        # JSON has line feeds only between its parts, never inside a text.
        line = value.replace(b"\n", b" ").replace(b"\r", b" ")
        self.lines.append(line)
        self.size += len(line)

    def is_due(self, now: float, max_seconds: float) -> bool:
        """Whether it is old or large enough to be written."""
        return bool(self.next_offsets) and (now - self.since >= max_seconds or self.size >= MAX_BYTES)


def write_spool(folder: Path, gathered: Gathered) -> Path:
    """Write the lines to a file of their own (mode 600, on disk when this returns)."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    name = f"{_legible(gathered.topic)}-{secrets.token_hex(8)}.jsonl"
    draft = folder / f".{name}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.writelines(line + b"\n" for line in gathered.lines)
        out.flush()
        os.fsync(out.fileno())
    file = draft.rename(folder / name)
    sync(folder)
    return file


def sweep_spool(folder: Path, pending: set[str]) -> None:
    """Remove files that no row speaks for: their messages were never counted as read and come again."""
    for file in folder.glob("*.jsonl") if folder.exists() else ():
        if file.name not in pending:
            file.unlink()
    for draft in folder.glob(".*.jsonl") if folder.exists() else ():
        draft.unlink()


def _legible(topic: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in topic)[:80]
