"""What commands print: lines and tables, plain when the output is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

# Piped output has no width of its own; 120 columns keep the tables of the demo on one line each.
PIPED_WIDTH = 120
NOTHING = "-"
# Sources and people wrote some of what is printed; a terminal would obey what of it are commands.
_VISIBLE = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}


def out() -> Console:
    """A console on stdout."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def say(text: str = "") -> None:
    """Print one line as it is: no markup, no wrapping, control characters written out."""
    out().print(text.translate(_VISIBLE), soft_wrap=True)


def warn(text: str) -> None:
    """Print one line on stderr."""
    plain = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
    plain.print(text.translate(_VISIBLE), soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table whose number columns are right-aligned; cells are shown by `cell`."""
    listed = [[cell(value) for value in row] for row in rows]
    numeric = [_is_numeric(listed, index) for index in range(len(columns))]
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name, right in zip(columns, numeric, strict=True):
        made.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in listed:
        made.add_row(*row)
    return made


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table, or `(none)` when there are no rows."""
    listed = list(rows)
    if listed:
        if title:
            say(title)
        out().print(table(columns, listed))
    else:
        say(f"{title}: (none)" if title else "(none)")


def cell(value: object) -> str:
    """A value as a table shows it: `-` for nothing, thousands separated, shares and scores with 3 decimals."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        rounded = round(value, 3) + 0.0  # a rounded -0.0 would be shown with its sign
        return f"{rounded:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value).translate(_VISIBLE)


def _is_numeric(rows: list[list[str]], index: int) -> bool:
    values = [row[index] for row in rows if row[index] != NOTHING]
    return bool(values) and all(value.replace(",", "").replace(".", "").lstrip("-").isdigit() for value in values)
