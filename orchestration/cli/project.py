"""Opening the project that a command works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intake.project import Project


def open_project() -> Project:
    """The project of `CONCIERGE_DATA` and `CONCIERGE_CONFIG`.

    Raises:
        CommandError: the configuration folder does not exist.
    """
    from intake.paths import config_dir
    from intake.project import Project
    from orchestration.cli.errors import CommandError

    config = config_dir()
    if not config.is_dir():
        raise CommandError(
            f"{config}: no such configuration folder; run in the project's folder, set CONCIERGE_CONFIG, "
            "or make a project with: concierge init DIR"
        )
    return Project.open()
