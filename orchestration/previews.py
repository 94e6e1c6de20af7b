"""Small previews of frames and pictures as asset metadata."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

import pandas as pd
from dagster import MarkdownMetadataValue, MetadataValue


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in markdown; pipes in cells are escaped."""
    lines = [_line(header), _line(["---"] * len(header)), *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def frame_preview(frame: pd.DataFrame, rows: int = 5, columns: int = 12) -> MarkdownMetadataValue:
    """The first rows of a frame, at most `columns` columns."""
    head = frame.iloc[:rows, :columns]
    return MetadataValue.md(markdown_table([str(name) for name in head.columns], head.itertuples(index=False)))


def picture(png: bytes, alternative: str) -> MarkdownMetadataValue:
    """A PNG inside the metadata itself, so that the UI shows it without a file server."""
    return MetadataValue.md(f"![{alternative}](data:image/png;base64,{base64.b64encode(png).decode()})")
