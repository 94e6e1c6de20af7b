"""`concierge contract`: what a newcomer with a file of their own does first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from intake.project import Project

Concierge = Callable[..., Result]


def test_a_sound_contract_is_tried_on_a_sample(concierge: Concierge, project: Project) -> None:
    source, orders = project.sources / "my_orders.yml", project.config.parent / "example" / "my_orders.csv"
    shown = concierge("contract", "check", source, "--sample", orders)
    assert shown.exit_code == 0
    assert "a sound contract" in shown.stdout
    assert "order_completed" in shown.stdout
    assert "email" in shown.stdout
    assert not list(project.paths.lake_events.rglob("*.parquet"))
    assert concierge("status").exit_code == 0


def test_mistakes_have_lines_and_end_with_1(concierge: Concierge, project: Project) -> None:
    source = project.sources / "my_orders.yml"
    source.write_text(
        source.read_text().replace("kind: online_orders", "kind: onlin_orders").replace("format:", "fromat:")
    )
    result = concierge("contract", "check", source)
    assert result.exit_code == 1
    assert f"{source}:7: kind: Input should be" in result.stderr
    assert f"{source}:8: fromat: no such field; did you mean format" in result.stderr
    assert "mistakes" in result.stderr


def test_a_draft_is_written_checked_and_used(concierge: Concierge, project: Project, tmp_path: Path) -> None:
    sample = tmp_path / "bestellungen.csv"
    rows = [f"B{n};0{1 + n % 9}.05.2017;{n},50 €;u{n}@mail.example" for n in range(40)]
    sample.write_text("\n".join(["Bestellnummer;Bestelldatum;Betrag;E-Mail", *rows]) + "\n")
    assert "format: csv" in concierge("contract", "infer", sample).stdout
    output = project.sources / "drafted.yml"
    result = concierge("contract", "infer", sample, "-o", output)
    assert "40 accepted, 0 duplicate, 0 quarantined" in result.stderr
    assert concierge("contract", "infer", sample, "-o", output).exit_code == 1
    assert concierge("contract", "check", output, "--sample", sample).exit_code == 0
    assert "40" in concierge("ingest", "--source", "drafted", sample).stdout


def test_what_cannot_be_guessed_is_said_in_one_line(concierge: Concierge, tmp_path: Path) -> None:
    sample = tmp_path / "a.csv"
    sample.write_text("")
    result = concierge("contract", "infer", sample)
    assert (result.exit_code, "no rows in it" in result.stderr) == (1, True)
    assert concierge("contract", "infer", tmp_path / "none.csv").exit_code == 1
