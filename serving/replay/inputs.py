"""What a decision read that stands neither in its snapshot nor elsewhere in its log line, and its answer's digest."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec

from serving.person import Person
from serving.question import Decision, Question

_JSON = msgspec.json.Encoder(order="deterministic")
_DIGEST_BYTES = 16
_CODE_BYTES = 6
_ROOT = Path(__file__).resolve().parents[2]
_PARTS = ("serving", "ml/online.py", "intake/hashing.py", "intake/event.py", "intake/purposes.py")


class Inputs(msgspec.Struct, frozen=True, omit_defaults=True):
    """Stands in the log line of a decision as `replay`.

    `digest` is a hash of the whole answer, `code` of the program that gave it. `paused` holds the scopes of the kill
    switch, `granted` the consent in force where it was not what the snapshot says, `silent` what lacked a yes at the
    place of the question. `unnamed`: somebody who is not to be recorded, so the line does not tell who. `prepared_at`:
    there was no time to choose, and this is when the answer for everybody was prepared. `segment`: asked for a cache,
    and for which segment.
    """

    digest: str
    code: str
    request_id: str = ""
    paused: list[str] = []
    granted: list[str] | None = None
    silent: list[str] = []
    unnamed: Literal["", "stranger", "customer"] = ""
    prepared_at: datetime | None = None
    segment: str = ""


def inputs_of(decision: Decision, question: Question, found: Person, person: Person) -> Inputs:
    """The inputs of one decision.

    Args:
        decision: the answer.
        question: what was asked.
        found: the person as the snapshot knows them.
        person: the same with what was said of consent since.
    """
    is_tracked = person.is_tracked
    return Inputs(
        digest_of(decision),
        code_version(),
        question.request_id,
        sorted(question.paused),
        None if is_tracked and person.granted == found.granted else sorted(person.granted),
        sorted(person.silent),
        "" if is_tracked else "customer" if person.known else "stranger",
    )


def inputs_for_everybody(
    decision: Decision, question: Question, *, prepared_at: datetime | None = None, segment: str = ""
) -> Inputs:
    """The inputs of an answer that names nobody: one prepared at a moment, or one for a segment."""
    told = digest_of(decision), code_version(), question.request_id, sorted(question.paused)
    return Inputs(*told, prepared_at=prepared_at, segment=segment)


def digest_of(decision: Decision) -> str:
    """BLAKE2b-128 of the decision as JSON with sorted members."""
    return blake2b(_JSON.encode(decision), digest_size=_DIGEST_BYTES).hexdigest()


@cache
def code_version() -> str:
    """A name for all the code that decides: 12 hex digits of a hash of its files and of the CEL engine's version."""
    content = blake2b(version("cel-expr-python").encode(), digest_size=_CODE_BYTES)
    for file in sorted(file for part in _PARTS for file in _files(_ROOT / part)):
        content.update(file.relative_to(_ROOT).as_posix().encode())
        content.update(file.read_bytes())
    return content.hexdigest()


def _files(part: Path) -> list[Path]:
    return [part] if part.is_file() else [file for file in part.rglob("*") if file.suffix in (".py", ".yml", ".yaml")]
