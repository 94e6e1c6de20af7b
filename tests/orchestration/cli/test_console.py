"""What commands print."""

from __future__ import annotations

import pytest

from orchestration.cli.console import cell, say, show_table, warn


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (True, "yes"),
        (False, "no"),
        (1234567, "1,234,567"),
        (0.12345, "0.123"),
        (-0.5, "-0.500"),
        (12345.6, "12,346"),
        ("as it is", "as it is"),
    ],
)
def test_cells_are_shown_for_people(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_number_columns_align_right_and_text_left(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["source", "rows"], [("web", 5), ("email", 12000)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["source", "rows"]
    assert lines[1].endswith("     5")
    assert lines[2].endswith("12,000")
    assert lines[1].startswith("web ")


def test_brackets_in_data_are_printed_not_interpreted(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["reason"], [("[red]not markup[/red]",)])
    say("[bold]neither[/bold] " + "x" * 200)
    warn("[i]nor here[/i]")
    shown = capsys.readouterr()
    assert "[red]not markup[/red]" in shown.out
    assert "[bold]neither[/bold] " + "x" * 200 + "\n" in shown.out
    assert shown.err == "[i]nor here[/i]\n"


def test_what_a_terminal_would_obey_is_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["file"], [("a\x1b]0;title\x07.csv",)])
    say("intake:x:web \x1b[2J\x9b1m")
    warn("intake:x:web \x1b[2J")
    shown = capsys.readouterr()
    assert "a\\x1b]0;title\\x07.csv" in shown.out
    assert "intake:x:web \\x1b[2J\\x9b1m\n" in shown.out, "nor is a cause with colons a picture"
    assert shown.err == "intake:x:web \\x1b[2J\n"


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["a"], [], title="alerts")
    assert capsys.readouterr().out == "alerts: (none)\n"
