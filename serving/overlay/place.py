"""Where the overlay lies: in memory where the machine offers a file system for it, else in the data folder."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

VARIABLE = "CONCIERGE_RUNTIME"
MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, not a predictable name
_ORIGIN = "origin"
_NOTE = Path("runtime") / "at"


def overlay_folder(root: Path) -> Path:
    """The overlay's folder for a data folder: below `CONCIERGE_RUNTIME`, else in memory, else `<root>/runtime`."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).resolve() / _name(root)
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        return MEMORY / f"concierge-{os.getuid()}" / _name(root)
    return root / "runtime"


def folder_in_use(root: Path) -> Path:
    """Where the service that began last keeps it, whoever runs that one and whatever `CONCIERGE_RUNTIME` says here.

    Raises:
        PermissionError: it is another user's, who may not be asked.
    """
    own = overlay_folder(root)
    try:
        noted = Path((root / _NOTE).read_text(encoding="utf-8"))
        # A copy of a data folder bears the note of the first one.
        is_ours = Path((noted / _ORIGIN).read_text(encoding="utf-8")).resolve() == root.resolve()
    except FileNotFoundError:
        return own
    return noted if is_ours else own


def prepare(folder: Path, root: Path) -> None:
    """Make the folder, for this user alone, note in the data folder where it is, and clear away what data folders that
    are gone have left beside it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / _ORIGIN).write_text(str(root.resolve()), encoding="utf-8")
    (root / _NOTE).parent.mkdir(exist_ok=True)
    (root / _NOTE).write_text(str(folder.resolve()), encoding="utf-8")
    if folder.parent == root:
        return
    for other in folder.parent.iterdir():
        with suppress(OSError):
            if not Path((other / _ORIGIN).read_text(encoding="utf-8")).exists():
                shutil.rmtree(other)


def _name(root: Path) -> str:
    return blake2b(str(root.resolve()).encode(), digest_size=8).hexdigest()
