"""Segments by rule that an expression names, held against the files there are."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from serving.cel_hints import STRINGS
from serving.expression import PolicyError
from serving.variables import RULE_SEGMENTS

FOLDER: Final = "segments"
_ASKED: Final = re.compile(rf"({STRINGS.pattern})\s+in\s+{RULE_SEGMENTS}\b")


def refuse_unknown_segments(expression: str, config: Path) -> None:
    """A misspelt name would hold for nobody, in silence.

    Args:
        expression: that compiles.
        config: the configuration folder with `segments/NAME.yml`.

    Raises:
        PolicyError: names a segment that has no file, the nearest one and those there are.
    """
    asked = {found[1][1:-1] for found in _ASKED.finditer(expression)}
    known = {file.stem for file in (config / FOLDER).glob("*.yml")} if asked else set()
    for name in sorted(asked - known):
        near = get_close_matches(name, sorted(known), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        allowed = ", ".join(sorted(known)) or f"none, since {config / FOLDER} has no file"
        raise PolicyError(f"unknown segment by rule {name!r}{hint}; allowed: {allowed}")
