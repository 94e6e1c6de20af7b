"""Pages of the data folder, which browsers read while runs write them."""

from __future__ import annotations

from pathlib import Path


def write_page(file: Path, text: str) -> Path:
    """Write a page as a whole, in place of what was there; folders are made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
    return file
