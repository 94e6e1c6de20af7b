"""The bar counts files and rows, and stays silent where nobody looks."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from orchestration.cli.intake_progress import IntakeProgress


@pytest.mark.parametrize("terminal", [True, False])
def test_files_and_rows_are_counted_on_a_terminal_only(terminal: bool) -> None:
    shown = io.StringIO()
    first, second = Path("a.csv"), Path("b.csv")
    with IntakeProgress([first, second], Console(file=shown, force_terminal=terminal, width=100)) as progress:
        for file, rows in ((first, 250_000), (first, 400_000), (second, 1_000)):
            progress(file, rows)
    assert progress.rows == 401_000
    if terminal:
        assert "b.csv" in shown.getvalue()
        assert "1/2" in shown.getvalue()
        assert "401,000 rows" in shown.getvalue()
    else:
        assert shown.getvalue().strip() == ""
