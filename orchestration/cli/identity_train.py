"""`concierge identity train`: the matching model, learnt from the shop's own records."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project


def train(
    sources: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="NAME", help="Only records of this source; again for more. Else all."),
    ] = None,
) -> None:
    """Train the model that compares records by name, address, birth date, e-mail and phone, without labels.

    It starts from the model that is in use and is kept in data/models; the next run matches with it. Without it, or
    after an upgrade that compares other things, the model that comes with the code is used.
    """
    from intake.ops_store import OpsStore
    from ml.matching import train_model
    from orchestration.cli.console import say
    from orchestration.fingerprint import remember
    from orchestration.matching_records import load_model, role_records, save_model

    project = open_project()
    batches = [batch for batch in OpsStore(project.paths).batches() if batch.state == "visible"]
    known = sorted({batch.source for batch in batches})
    for name in sources or ():
        if name not in known:
            raise CommandError(
                f"{name!r}: nothing was taken in from such a source; there is: {', '.join(known) or '-'}"
            )
    wanted = [batch for batch in batches if not sources or batch.source in sources]
    records = role_records(project, wanted, project.clock.now())
    kept = save_model(project.paths, train_model(records, start=load_model(project.paths)))
    # The model is no part of what a run compares with its last one to see whether there is anything to do.
    remember(project.paths, "")
    say(f"{kept}: trained on {len(records):,} records; the next run matches with it: concierge run")
