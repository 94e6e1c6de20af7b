"""A contract in the making: lines of YAML, each guess with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_./+-]*$")
_WORDS = {"yes", "no", "true", "false", "null", "on", "off", "y", "n", "none"}


def scalar(text: str) -> str:
    """Text as a YAML scalar, quoted where it has to be."""
    return text if _PLAIN.match(text) and text.lower() not in _WORDS else json.dumps(text, ensure_ascii=False)


def listed(names: Sequence[str]) -> str:
    """A YAML list on one line."""
    return "[" + ", ".join(scalar(name) for name in names) + "]"


def mapped(pairs: Mapping[str, str]) -> str:
    """A YAML mapping on one line, whose values are YAML already."""
    return "{" + ", ".join(f"{scalar(name)}: {value}" for name, value in pairs.items()) + "}"


@dataclass
class Draft:
    """Collects the lines in the order in which people read contracts."""

    lines: list[str] = field(default_factory=list)

    def add(self, key: str, value: str, why: str = "", indent: int = 0) -> None:
        """`key: value  # guess: why`."""
        text = f"{'  ' * indent}{scalar(key)}: {value}".rstrip()
        self.lines.append(f"{text:<44}  # guess: {why}" if why else text)

    def item(self, value: str, why: str = "") -> None:
        """A list item below the key before."""
        text = f"  - {value}"
        self.lines.append(f"{text:<44}  # guess: {why}" if why else text)

    def remark(self, text: str) -> None:
        """A comment of its own."""
        self.lines.append(f"# {text}")

    def text(self) -> str:
        """The whole file."""
        return "\n".join(self.lines) + "\n"
