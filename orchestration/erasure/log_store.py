"""Erasure in the service's own log: lines are blanked in place, also in a segment that the service still writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from intake.erased import ErasedIdentifiers
from intake.event import HINT_TYPES
from intake.log_line import payload, with_checksum
from intake.mentions import STATED, WRITTEN, Mentions
from intake.ops_store import OpsStore
from intake.project import Project
from intake.sealed import Unseal, unsealer
from intake.tombstones import token_of, tombstone_key
from intake.validation import micros
from orchestration.erasure.matching import Matcher, mentions_of
from orchestration.erasure.scope import Scope

SUFFIXES = (".jsonl", ".open")


@dataclass(frozen=True)
class Line:
    """A line of a segment: where it stands, and its bytes without the line feed."""

    offset: int
    content: bytes


def survey(project: Project, scope: Scope) -> None:
    """Learn the ids of their decisions, as an exposure may name nothing else, and what others wrote of them."""
    reader = LineReader(project, scope)
    for file in files(project):
        for line in lines(file):
            said = reader.said(line.content)
            if said is None:
                continue
            if reader.is_theirs(said):
                found = {said.get("event_id"), said.get("personalization_id")}
                scope.event_ids |= {str(value) for value in found if value}
            else:
                scope.clear |= reader.words_of(said)


def erase(project: Project, scope: Scope) -> int:
    """Blank their lines and take them out of others' lines; lines that went."""
    reader, gone = LineReader(project, scope), 0
    for file in files(project):
        changes = [(line, after) for line in lines(file) if (after := reader.after(line.content)) is not None]
        leaving = [line for line, after in changes if not after]
        _note_decisions(project, reader, leaving)
        gone += len(leaving)
        _overwrite(file, changes)
    return gone


def _note_decisions(project: Project, reader: LineReader, leaving: list[Line]) -> None:
    """Whoever asks after one of their decisions is told that it was erased, and not that it never was."""
    said = [one for line in leaving if (one := reader.said(line.content)) and one.get("event_type") == "decision_made"]
    if said:
        key = tombstone_key(project.paths)
        tokens = [token_of(key, str(one["personalization_id"])) for one in said]
        OpsStore(project.paths).erase_decisions(tokens, project.clock.now())


def ends(project: Project) -> dict[str, int]:
    """How far each segment is written; what comes later was said after the erasure, and is a new relationship."""
    return {segment_of(file): max((line.offset for line in lines(file)), default=-1) for file in files(project)}


def segment_of(file: Path) -> str:
    """A segment's name, whether it is still written or not."""
    return f"{file.parent.name}/{file.stem}"


def files(project: Project) -> list[Path]:
    """Segments of the service's log, those in writing too."""
    root = project.paths.service_log
    return sorted(file for file in root.rglob("*") if file.suffix in SUFFIXES and file.is_file())


def lines(file: Path) -> Iterator[Line]:
    """The lines of a segment."""
    offset = 0
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        content = file.with_suffix(".jsonl").read_bytes()
    for part in content.split(b"\n"):
        if part.strip():
            yield Line(offset, part)
        offset += len(part) + 1


class LineReader:
    """Judges lines of the log."""

    def __init__(self, project: Project, scope: Scope) -> None:
        self._erased: ErasedIdentifiers = scope.erased(project.paths)
        self._matcher, self._event_ids = Matcher(scope), scope.event_ids
        self._unseal = unsealer(project.paths)
        self._mentions: Mentions = mentions_of(project, scope)

    def said(self, content: bytes) -> dict[str, Any] | None:
        """A line's object; None for a torn one."""
        return _object(content)

    def after(self, content: bytes) -> bytes | None:
        """What the line becomes: None as it is, empty when it goes."""
        said = self.said(content)
        if said is None:
            return b"" if self._matcher.in_text(content.decode("utf-8", errors="replace")) else None
        if self.is_theirs(said):
            return b""
        if not self._matcher.in_text(content.decode("utf-8", errors="replace")):
            return None
        pairs = [pair for pair in _pairs(said) if not self._erased.is_person(pair["value"])]
        others = {**said, "identifiers": pairs} if "identifiers" in said else said
        cleaned = self._matcher.cleaned(msgspec.json.encode(others).decode())
        shorter = with_checksum(cleaned.encode()).rstrip(b"\n")
        still = self._matcher.in_text(shorter.decode("utf-8", errors="replace"))
        return b"" if still or len(shorter) > len(content) else shorter

    def words_of(self, said: dict[str, Any]) -> set[str]:
        """Their identifiers in clear in what somebody else wrote."""
        texts = (said.get(name) for name in (*WRITTEN, *STATED) if said.get("event_type") != "decision_made")
        written = (text if isinstance(text, str) else msgspec.json.encode(text).decode() for text in texts if text)
        return {word for text in written for word in self._mentions.words_in(text)}

    def is_theirs(self, said: dict[str, Any]) -> bool:
        """Whether a line speaks of them: by its ids, by whose it is, or by what it says under seal."""
        if {said.get("event_id"), said.get("personalization_id")} & self._event_ids:
            return True
        try:
            under_seal = self._unseal(said)
        except ValueError:
            under_seal = None
        if under_seal is not None:
            return self._mentions.inside(under_seal)
        at = _moment(said.get("occurred_at"))
        for pair in _pairs(said):
            spells = self._erased.spells(pair["value"])
            if any(spell.covers(at) for spell in spells):
                return True
            if not spells and pair["type"] not in HINT_TYPES:
                return False
        return False


def under_seal(content: bytes, unseal: Unseal) -> bytes | None:
    """What a line says under seal; None for an open one, and for one of another project."""
    said = _object(content)
    try:
        return None if said is None else unseal(said)
    except ValueError:
        return None


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        said = msgspec.json.decode(payload(content))
    except (ValueError, msgspec.DecodeError):
        return None
    return said if isinstance(said, dict) else None


def _pairs(said: dict[str, Any]) -> list[dict[str, str]]:
    found = said.get("identifiers")
    pairs = found if isinstance(found, list) else []
    return [pair for pair in pairs if isinstance(pair, dict) and {"type", "value"} <= pair.keys()]


def _moment(text: object) -> int:
    try:
        return micros(datetime.fromisoformat(str(text)))
    except (ValueError, TypeError):
        return 0


def _overwrite(file: Path, changes: list[tuple[Line, bytes]]) -> None:
    """Write over lines without moving any: size and time stay, so that intake does not take the file in again."""
    if not changes:
        return
    file = file if file.exists() else file.with_suffix(".jsonl")
    stat = file.stat()
    handle = os.open(file, os.O_WRONLY)
    try:
        for line, after in changes:
            os.pwrite(handle, after.ljust(len(line.content)), line.offset)
        os.fsync(handle)
    finally:
        os.close(handle)
    if file.suffix != ".open":
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
