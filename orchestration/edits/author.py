"""Who wrote a file as it stands: its last commit where the configuration is kept in git, else its owner."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_SECONDS = 5


def author_of(file: Path, publisher: str) -> str:
    """A name; of a file that is gone and was never committed, whoever publishes."""
    return _of_last_commit(file) or _owner(file) or publisher


def _of_last_commit(file: Path) -> str | None:
    """None outside git, and for a file with edits that are not committed."""
    git = shutil.which("git")
    if git is None or not file.parent.is_dir():
        return None
    if _asked(git, file.parent, "status", "--porcelain", "--", file.name) != "":
        return None
    return _asked(git, file.parent, "log", "-1", "--format=%an", "--", file.name) or None


def _asked(git: str, folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - git with fixed words and a file's name after `--`
            [git, *words], cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _owner(file: Path) -> str | None:
    try:
        return file.owner()
    except (OSError, KeyError):
        return None
