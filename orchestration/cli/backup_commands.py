"""`concierge backup`, `restore` and `migrate`: a project as one file, and data folders of earlier versions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.project import open_project

Archive = Annotated[Path, typer.Argument(metavar="FILE", help="The archive: *.tar.zst or *.tar.gz.")]


def backup(archive: Archive) -> None:
    """Write the data folder and the configuration as one archive, with a checksum for every file.

    THE ARCHIVE HOLDS THE KEYS AND PERSONAL DATA IN CLEAR (vault): it is made with mode 600, keep it as safe as the
    data folder, or encrypt it. Waits for a run or an intake to end; the service may go on. Left out is what a run makes
    again: Dagster's run storage, dbt's manifest, rendered check results.
    """
    from intake.keys import KEY_VARIABLE
    from orchestration.backup import backup as write
    from orchestration.cli.console import say

    done = write(open_project(), archive)
    manifest = done.manifest
    say(
        f"{archive}: {len(manifest.files):,} files, {manifest.size / 1e6:,.1f} MB, "
        f"in {done.archive.stat().st_size / 1e6:,.1f} MB"
    )
    say("it holds the keys and personal data in clear (vault), mode 600: keep it as safe as the data folder")
    if os.environ.get(KEY_VARIABLE) is not None:
        say(f"it does not hold the key of the identifier hashes: that comes from {KEY_VARIABLE}, keep it too")
    for path in done.left_out:
        say(f"left out, a link to somewhere else: {path}")


def restore(
    archive: Archive,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    erasures: Annotated[
        Path | None,
        typer.Option("--erasures", metavar="OLD", help="A data folder that knows of erasures after the backup."),
    ] = None,
) -> None:
    """Unpack an archive as DIR/data and DIR/config, once every checksum has been verified.

    An archive that is cut off or damaged is refused, and nothing is left behind. With --erasures, people who were
    erased since the backup are erased again in what was restored.
    """
    from orchestration.cli.console import say
    from orchestration.restore import restore as unpack

    manifest = unpack(archive, folder)
    say(f"{folder}: {manifest.project} as of {manifest.created_at[:16]} UTC, {len(manifest.files):,} files verified")
    if erasures is not None:
        _erase_again(folder, erasures)
    say("Next, in that folder, with neither CONCIERGE_DATA nor CONCIERGE_CONFIG set:")
    say(f"  cd {folder}")
    say("  concierge migrate")
    say("  concierge run")


def _erase_again(folder: Path, memory: Path) -> None:
    from intake.paths import DataPaths
    from intake.project import Project
    from orchestration.cli.console import say
    from orchestration.cli.errors import CommandError
    from orchestration.erasure.again import erase_again

    if not (memory / "ops.sqlite").exists():
        raise CommandError(f"{memory}: is no data folder: it has no ops.sqlite; {folder} is restored as it was")
    project = Project.open(DataPaths((folder / "data").resolve()), (folder / "config").resolve())
    proofs = erase_again(project, DataPaths(memory.resolve()))
    say(f"erased again: {len(proofs)} requests since the backup")


def migrate() -> None:
    """Bring a data folder of an earlier version to this one; overrides and other decisions stay.

    Runs do it by themselves; a folder written by a newer version is refused by this and every other command.
    """
    from orchestration.cli.console import say
    from orchestration.migrate import migrate as bring_up_to_date

    done = bring_up_to_date(open_project().paths)
    if done.is_empty:
        say(f"nothing to do: schema version {done.after}")
        return
    if done.before != done.after:
        say(f"ops.sqlite: schema version {done.before or 'none'} -> {done.after}")
    for address in done.added:
        say(f"warehouse.duckdb: added {address}")
