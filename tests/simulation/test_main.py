"""The shell command."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from simulation.__main__ import app


def test_it_writes_a_company_and_says_what(tmp_path: Path) -> None:
    arguments = ["--customers", "50", "--days", "30", "--seed", "4", "--out", str(tmp_path)]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    assert "written" in first.output
    assert "sim_web" in first.output
    assert (tmp_path / "landing" / "shop" / "transactions.parquet").exists()
    assert (tmp_path / "truth" / "identifiers.parquet").exists()
    assert "unchanged" in CliRunner().invoke(app, arguments).output


def test_wrong_use_exits_with_2(tmp_path: Path) -> None:
    wrong = CliRunner().invoke(app, ["--customers", "10", "--out", str(tmp_path)])
    assert wrong.exit_code == 2
    assert not list(tmp_path.iterdir())
