"""A published version with other probabilities and shares of experiments, on the same profiles."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from serving.experiments.learned import Learned, write_learned
from serving.snapshot.building import building, data_checks, link_file, write_manifest
from serving.snapshot.manifest import DATA_FILE, DELTA_FILE, read_manifest
from serving.snapshot.writer import final_folder


def write_relearned(root: Path, source: str, learned: Learned, *, version: str, created_at: datetime) -> Path:
    """Write version `source` again as `version` with `learned`; the pointer stays.

    The data file, and a delta beside it, are linked, not copied: published versions never change.

    Args:
        root: folder of the versions.
        source: version to take everything else from.
        learned: experiments, shares and probabilities.
        version: a name that is free.
        created_at: aware.

    Raises:
        SnapshotError: the source cannot be read, the name is taken, or verification failed.
    """
    final = final_folder(root, version)
    manifest = read_manifest(root / source)
    with building(root, version) as folder:
        linked = {name: check for name, check in manifest.files.items() if name in (DATA_FILE, DELTA_FILE)}
        for name in linked:
            link_file(root / source / name, folder / name)
        write_learned(folder, learned)
        moment = created_at.astimezone(UTC).isoformat()
        own = {"version": version, "created_at": moment, "files": data_checks(folder, linked), "replaces": ""}
        write_manifest(folder, msgspec.structs.replace(manifest, **own, follows=source))
    return final
