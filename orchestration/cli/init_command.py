"""`concierge init`: a project of one's own, outside the clone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.errors import CommandError

TEMPLATE = Path(__file__).parent / "template"

# Shipped configuration that a new shop starts from; the demo's own sources and settings are left out.
SHIPPED = ("event_types.yml", "sensitive.yml", "schemas/**/*", "placements/*", "policies/*", "sources/*.yml")
DEMO_SOURCES = ("cj_", "sim_")


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder outside the clone.")],
) -> None:
    """Make an empty project: configuration and data outside the clone.

    Writes settings with wall time and the usual segment floor, placements, policies, event types, the contracts of
    the service's own logs, the library of source contracts and a commented example of one. A folder with anything in
    it is refused.
    """
    from orchestration.cli.console import say

    written = write_project(folder.resolve())
    say(f"{folder}: {written} files written. Next, in that folder:")
    say(f"  cd {folder}")
    for command in next_commands():
        say(f"  {command}")
    say("README.md there says what each does.")


def write_project(folder: Path) -> int:
    """Write the files of a new project and return how many.

    Raises:
        CommandError: the folder holds something, is a file, or lies inside the clone.
    """
    from intake.paths import repository_root

    _refuse(folder, repository_root())
    shipped = repository_root() / "config"
    copies = {file: folder / file.relative_to(TEMPLATE) for file in _files(TEMPLATE, "**/*")}
    for pattern in SHIPPED:
        files = [file for file in _files(shipped, pattern) if not file.name.startswith(DEMO_SOURCES)]
        copies |= {file: folder / "config" / file.relative_to(shipped) for file in files}
    for source, target in copies.items():
        target = target.with_name(".gitignore") if target.name == "gitignore" else target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return len(copies)


def next_commands() -> list[str]:
    """The three commands that the new project's README starts with."""
    lines = (TEMPLATE / "README.md").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.startswith("    concierge ")]


def _refuse(folder: Path, clone: Path) -> None:
    if folder.is_relative_to(clone):
        raise CommandError(
            f"{folder}: lies inside the clone ({clone}); an upgrade would touch it, choose another place"
        )
    if folder.is_file():
        raise CommandError(f"{folder}: is a file; name a new or empty folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise CommandError(f"{folder}: is not empty; name a new or empty folder")


def _files(root: Path, pattern: str) -> list[Path]:
    return sorted(file for file in root.glob(pattern) if file.is_file())
