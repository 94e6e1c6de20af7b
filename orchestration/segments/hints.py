"""What to write instead, where a condition is not what its author meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

# Texts that a column may hold; any other would hold for nobody, in silence.
TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "lifecycle": ("prospect", "new", "active", "lapsing", "lapsed"),
    "churn_band": ("low", "medium", "high", "unknown"),
    "value_band": ("low", "medium", "high", "unknown"),
    "intent": ("hot", "warm", "cold"),
    "season": ("winter", "spring", "summer", "autumn"),
}
_COMPARED: Final = frozenset({"COMPARE_EQUAL", "COMPARE_NOTEQUAL", "COMPARE_IN", "COMPARE_NOT_IN"})
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'")
# What people write, and what SQL wants; looked for outside of texts.
_HABITS: Final = (
    (re.compile("[\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb]"), "write straight quotes: 'lapsed'"),
    (re.compile(r"&&|\|\|(?!')"), "write and, or"),
    (re.compile(r"=>|=<"), "write >= for at least, <= for at most"),
    (re.compile(r"\d\s*%(?!\s*\d)"), "write a share as a number: 20 % is 0.20"),
    (re.compile(r"[<>=]\s*\d+,\d"), "write numbers with a point: 1.5"),
    (re.compile(r"^\s*(where|select|from)\b", re.IGNORECASE), "write only what stands after WHERE"),
    (
        re.compile(r"\b(now|today|current_date|current_timestamp|getdate)\b", re.IGNORECASE),
        "write as_of for the moment of the run",
    ),
    (re.compile(r"\"\w+\""), "a text stands in single quotes: 'lapsed'"),
    (re.compile(r"(?:[<>=]|\b(?:and|or|not|in|between|like))\s*$", re.IGNORECASE), "something is missing at its end"),
)


def hint(where: str) -> str:
    """In words, what mends the first habit found; "" where none is."""
    bare = _QUOTED.sub("''", where.strip())
    return next((told for habit, told in _HABITS if habit.search(bare)), "")


def misspelt(nodes: Iterable[Mapping[str, Any]]) -> str:
    """The first text that its column never holds, with what it may hold; "" where there is none.

    Args:
        nodes: expressions of a condition, as DuckDB writes them.
    """
    for node in nodes:
        if node["type"] not in _COMPARED:
            continue
        parts = node.get("children") or [node["left"], node["right"]]
        columns = [str(part["column_names"][-1]).lower() for part in parts if part["class"] == "COLUMN_REF"]
        texts = [part["literal"]["text"] for part in parts if (part.get("literal") or {}).get("kind") == "STRING"]
        for column in columns:
            allowed = TEXTS.get(column, ())
            for text in texts if allowed else ():
                if text not in allowed:
                    near = get_close_matches(text.lower(), allowed, n=1)
                    meant = f"; did you mean {near[0]!r}?" if near else ""
                    return f"{column} is never {text!r}{meant}; allowed: {', '.join(allowed)}"
    return ""
