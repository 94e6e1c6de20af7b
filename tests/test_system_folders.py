"""`make test` leaves out what is marked, and `make test-system` collects two folders only: a second for twenty."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
FOLDERS = {"system", "external"}
MARKED = re.compile(r"\bmark\.(system|external)\b")


def test_what_is_marked_stands_where_it_is_collected() -> None:
    found = {file.relative_to(TESTS) for file in TESTS.rglob("*.py") if MARKED.search(file.read_text(encoding="utf-8"))}
    assert {file.parts[0] for file in found} == FOLDERS
