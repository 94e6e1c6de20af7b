"""`concierge snapshots` and `rollback`: what is served, and going back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

COLUMNS = ("version", "live", "as of (UTC)", "created (UTC)", "customers", "identifiers", "MB", "models")


def snapshots() -> None:
    """List the serving snapshots, newest first, and which one is live."""
    from orchestration.cli.console import say, show_table
    from serving.snapshot import pointer

    root = open_project().paths.snapshots
    live = pointer.current(root)
    manifests = list(reversed(pointer.list_versions(root)))
    if not manifests:
        say(f"no snapshots in {root}; make one with: concierge run")
        return
    rows = []
    for manifest in manifests:
        megabytes = round(sum(check.bytes for check in manifest.files.values()) / 1e6, 1)
        counts = (manifest.counts.get("profile"), manifest.counts.get("identifier"))
        mark = "live" if manifest.version == live else ""
        models = " ".join(
            f"{name}:{version.rpartition('-')[2]}" for name, version in sorted(manifest.model_versions.items())
        )
        rows.append((manifest.version, mark, manifest.as_of[:16], manifest.created_at[:16], *counts, megabytes, models))
    show_table(COLUMNS, rows)


def rollback(
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="The snapshot to serve; else the one before the live one.")
    ] = None,
    data: Annotated[
        bool,
        typer.Option("--data", help="Past all edits and hourly versions: to the last snapshot of earlier data."),
    ] = False,
) -> None:
    """Serve an older snapshot; running services follow within a second.

    The version is verified before the switch, and how long that took is kept (concierge slo). What was live stays on
    disk: `rollback` with its name returns to it.
    """
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say
    from serving.snapshot import pointer

    if data and version is not None:
        raise CommandError(f"--data chooses the snapshot itself; leave out either it or {version}")
    project = open_project()
    root = project.paths.snapshots
    _require_any(root)
    before, began = pointer.current(root), time.monotonic()
    manifest = pointer.rollback(root, version, earlier_data=data)
    seconds, now = time.monotonic() - began, project.clock.now()
    OpsStore(project.paths).record_metric(now.date(), "rollback_seconds", seconds, at=now)
    say(f"live: {manifest.version} (as of {manifest.as_of[:16]} UTC); before: {before or 'none'}")


def _require_any(root: Path) -> None:
    if not root.is_dir() or not any(root.iterdir()):
        raise CommandError(f"{root}: there is no snapshot yet; make one with: concierge run")
