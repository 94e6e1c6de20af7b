"""How deeply free parts of a body may be nested: what reads them later must not run out of stack."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 32


def is_too_deep(value: Any) -> bool:
    """Whether lists and objects lie more than `MAX_DEPTH` deep; flat ones cost a look at each value."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [item for held in level if isinstance(held, dict | list) for item in _nested(held)]
        if not level:
            return False
    return True


def _nested(held: dict[str, Any] | list[Any]) -> Iterable[Any]:
    values = held.values() if isinstance(held, dict) else held
    return [item for item in values if isinstance(item, dict | list)]
