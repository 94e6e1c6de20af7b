"""`concierge keys`: the key behind all identifier hashes."""

from __future__ import annotations

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

keys = typer.Typer(help="The key behind all identifier hashes.", no_args_is_help=True)


@keys.command("rotate")
def rotate() -> None:
    """Add a key and bring every stored identifier up to it, without their clear values.

    Customer ids stay, and the lookup service goes on meanwhile; runs and intake wait. Killed at any point, the same
    command goes on where it stopped and adds no further key. Start the service's workers again afterwards: until then
    they write hashes of the older key, which intake brings up to date.
    """
    from orchestration.cli.console import say
    from orchestration.rekeying.rotation import RotationError
    from orchestration.rekeying.rotation import rotate as rotate_keys

    project = open_project()
    try:
        done = rotate_keys(project, lambda store, changed: say(f"  {store:<18} {changed:>12,} values"))
    except RotationError as error:
        raise CommandError(str(error)) from None
    what = "finished the interrupted rotation" if done.resumed else "rotated"
    say(f"{what}: {done.keys} keys in {project.paths.keys}")
    say("Make a backup: hashes of now cannot be looked up with the keys of an older one.")


@keys.command("status")
def status() -> None:
    """Show how many keys the chain has, and whether a rotation was interrupted."""
    from intake.keys import identifier_key_bytes, later_keys
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say
    from orchestration.rekeying.rotation import is_unfinished

    project = open_project()
    identifier_key_bytes(project.paths)
    count = 1 + len(later_keys(project.paths))
    unfinished = is_unfinished(OpsStore(project.paths), count)
    say(f"{count} key{'s' if count > 1 else ''} in {project.paths.keys}")
    if unfinished:
        say("the last rotation was interrupted; finish it with: concierge keys rotate")
