"""A project: its data folder, its configuration folder, its settings and its clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from intake.clock import Clock
from intake.paths import DataPaths, config_dir, data_paths
from intake.settings import Settings, load_settings


@dataclass(frozen=True)
class Project:
    """Everything a command needs to know about where it works and what time it is."""

    paths: DataPaths
    config: Path
    settings: Settings
    clock: Clock

    @classmethod
    def open(cls, paths: DataPaths | None = None, config: Path | None = None) -> Project:
        """The project named by `CONCIERGE_DATA` and `CONCIERGE_CONFIG`, or by the arguments.

        Raises:
            SettingsError: `settings.yml` is unreadable or has a value outside its bounds.
        """
        paths = paths or data_paths()
        config = (config or config_dir()).resolve()
        settings = load_settings(config)
        return cls(paths=paths, config=config, settings=settings, clock=settings.project_clock(paths))

    @property
    def sources(self) -> Path:
        """Folder of the source contracts."""
        return self.config / "sources"
