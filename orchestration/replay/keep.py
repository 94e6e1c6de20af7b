"""Before a version goes, what its logged decisions read of it is kept, so that they can be made again."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from intake.project import Project
from orchestration.erasure.snapshot_store import base_of
from orchestration.replay.versions import is_of
from serving.log.lookup import decision_lines
from serving.replay.kept import Kept, keep
from serving.snapshot.manifest import MANIFEST
from serving.snapshot.records import SnapshotError

_LOG = logging.getLogger(__name__)
# Workers note decisions within a second of making them; the rest is for clocks of file systems.
_MARGIN_SECONDS = 3_600.0


@dataclass
class Departed:
    """Versions that went, and what was kept of each; `unreadable` could not be opened by this program."""

    removed: list[str] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def keep_version(project: Project, folder: Path) -> Kept:
    """Keep what the decisions made on one version read.

    Raises:
        SnapshotError: the version is of another schema, or damaged.
        OSError: there is no room.
    """
    base = base_of(folder.name)
    # A restored folder may be younger than what is in it.
    since = min(folder.stat().st_mtime, (folder / MANIFEST).stat().st_mtime) - _MARGIN_SECONDS
    needle = f'"snapshot_version":"{base}'.encode()
    lines = decision_lines(project.paths.service_log, needle, since)
    return keep(folder, project.paths.replay, (line for line in lines if is_of(line, base)))


def let_go(project: Project, folders: list[Path], on_kept: Callable[[Kept], None] | None = None) -> Departed:
    """Remove versions once what was read of them is kept.

    A version that nobody can read any more goes without; where there is no room it stays for the next time.
    """
    done = Departed()
    for folder in folders:
        try:
            kept = keep_version(project, folder)
        except SnapshotError as error:
            _LOG.warning("%s goes, and its decisions cannot be replayed: %s", folder.name, error)
            done.unreadable.append(folder.name)
        except OSError as error:
            _LOG.error("%s stays: what its decisions read cannot be kept: %s", folder.name, error.strerror)
            continue
        else:
            done.kept += [kept] if kept.decisions else []
            if on_kept:
                on_kept(kept)
        shutil.rmtree(folder)
        done.removed.append(folder.name)
    return done
