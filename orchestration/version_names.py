"""Names of versions that are made from a published one."""

from __future__ import annotations

from pathlib import Path

from orchestration.erasure.snapshot_store import base_of
from serving.snapshot import pointer


def free_name(root: Path, version: str) -> str:
    """The next name after a version's: `<moment>-<number>`.

    No name of a version that is there is given again, also where people were erased from it since and it is called
    otherwise: logged decisions go by the name of then.
    """
    published = base_of(version)
    moment = published.rpartition("-")[0] or published
    taken = {base_of(manifest.version) for manifest in pointer.list_versions(root)}
    numbers = [name.removeprefix(f"{moment}-") for name in taken if name.startswith(f"{moment}-")]
    return f"{moment}-{max([1, *(int(number) for number in numbers if number.isdecimal())]) + 1}"
