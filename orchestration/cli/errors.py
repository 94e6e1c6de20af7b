"""How a command fails: one line on stderr and an exit code, a traceback only when asked for."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from intake.paths import data_paths

DEBUG_VARIABLE = "CONCIERGE_DEBUG"
# What SQLite, DuckDB and the system say of it, whoever passes it on.
_FULL = re.compile(r"disk is full|no space left on device", re.IGNORECASE)
# All that SQLite says where not even its list of readers finds room.
_IO, _LITTLE = re.compile(r"disk i/o error", re.IGNORECASE), 1 << 20
_BACKGROUND = re.compile(r" ?\(Background on this error at: \S+\)")


class CommandError(Exception):
    """A command could not do its work; the message is the one line that the user sees."""


class OneLineErrors(TyperGroup):
    """A Typer group that turns any failure of a command into one line and exit code 1.

    Wrong use keeps Typer's own message and exit code 2. With `CONCIERGE_DEBUG` set the exception passes through.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command; see the class."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get(DEBUG_VARIABLE):
                raise
            sys.stderr.write(f"error: {one_line(error)}\n")
            raise typer.Exit(1) from error


def one_line(error: BaseException) -> str:
    """The error as a single line.

    Errors written for users (`CommandError`, `ValueError` and `OSError` subclasses of the project) speak for
    themselves; anything else is named by its class and points to `CONCIERGE_DEBUG`.
    """
    text = _BACKGROUND.sub("", " ".join(str(error).split()))
    if getattr(error, "errno", None) == errno.ENOSPC or _FULL.search(text) or (_IO.search(text) and _no_room()):
        return f"the disk is full: {getattr(error, 'filename', None) or text}; make room and run it again"
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror.lower()}"
    if _written_for_users(error) and text:
        return text
    return f"unexpected {type(error).__name__}: {text or 'no message'} ({DEBUG_VARIABLE}=1 shows where)"


def _no_room() -> bool:
    try:
        return shutil.disk_usage(data_paths().root).free < _LITTLE
    except OSError:
        return False


def _written_for_users(error: BaseException) -> bool:
    module = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError | sqlite3.Error) or module in {"intake", "ml", "serving", "orchestration"}
