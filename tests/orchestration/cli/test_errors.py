"""How commands fail."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from intake.settings import SettingsError
from orchestration.cli.errors import CommandError, OneLineErrors, one_line


class OperationalError(Exception):
    """As Dagster's storage raises it."""


def _app(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=OneLineErrors, pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    @app.command()
    def other() -> None:
        raise typer.Exit(0)

    return app


def _nested(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=OneLineErrors, pretty_exceptions_enable=False)
    group = typer.Typer()

    @group.command()
    def fail() -> None:
        raise error

    @group.command()
    def other() -> None: ...

    app.add_typer(group, name="group")
    return app


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (CommandError("no snapshot yet;\n run first"), "no snapshot yet; run first"),
        (SettingsError("settings.yml: seed: wrong"), "settings.yml: seed: wrong"),
        (PermissionError(13, "Permission denied", "/x/file.csv"), "/x/file.csv: permission denied"),
        (sqlite3.OperationalError("database is locked"), "database is locked"),
        (
            OperationalError(
                "(sqlite3.OperationalError) database or disk is full (Background on this error at: http://x)"
            ),
            "the disk is full: (sqlite3.OperationalError) database or disk is full; make room and run it again",
        ),
        (OSError(errno.ENOSPC, "No space left", "/x/a"), "the disk is full: /x/a; make room and run it again"),
        (KeyError("gone"), "unexpected KeyError: 'gone' (CONCIERGE_DEBUG=1 shows where)"),
        (CommandError(""), "unexpected CommandError: no message (CONCIERGE_DEBUG=1 shows where)"),
    ],
)
def test_an_error_is_one_line(error: Exception, line: str) -> None:
    assert one_line(error) == line


@pytest.mark.parametrize("build", [_app, _nested])
def test_a_failure_is_one_line_on_stderr_and_code_1(
    build: Callable[[BaseException], typer.Typer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONCIERGE_DEBUG", raising=False)
    words = ["fail"] if build is _app else ["group", "fail"]
    result = CliRunner().invoke(build(CommandError("the reason")), words)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "error: the reason\n")


def test_exit_codes_that_a_command_chooses_stay() -> None:
    assert CliRunner().invoke(_app(typer.Exit(0)), ["fail"]).exit_code == 0
    assert CliRunner().invoke(_app(typer.Exit(7)), ["fail"]).exit_code == 7


def test_wrong_use_is_code_2() -> None:
    assert CliRunner().invoke(_app(typer.BadParameter("no such source")), ["fail"]).exit_code == 2
    assert CliRunner().invoke(_app(typer.Exit(0)), ["nothing-like-this"]).exit_code == 2
    assert CliRunner().invoke(_app(typer.Exit(0)), ["fail", "--unknown"]).exit_code == 2


def test_the_traceback_comes_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_DEBUG", "1")
    result = CliRunner().invoke(_app(KeyError("gone")), ["fail"])
    assert isinstance(result.exception, KeyError)


def test_an_error_of_the_disk_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("/x/ops.sqlite: disk I/O error")
    assert one_line(error) == "/x/ops.sqlite: disk I/O error"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    assert one_line(error) == "the disk is full: /x/ops.sqlite: disk I/O error; make room and run it again"
