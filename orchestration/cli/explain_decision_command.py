"""`concierge explain-decision`: what was decided under a personalization id, and why, in words."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project


def explain_decision(
    personalization_id: Annotated[
        str, typer.Argument(metavar="PERSONALIZATION_ID", help="As the answer of the service named it.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole record.")] = False,
) -> None:
    """Say what a decision of the service chose, why, what was not permitted and whether it was shown.

    It is read from the service's log, without whose it was. A decision whose person was erased is not there any more.
    """
    import msgspec

    from orchestration.cli.console import say
    from orchestration.replay.erased import why_missing
    from serving.explanation import record_of
    from serving.log.lookup import PERSONALIZATION_ID, logged_decision, logged_exposures

    if not PERSONALIZATION_ID.match(personalization_id):
        raise typer.BadParameter(f"{personalization_id!r}: 32 digits and letters a to f are needed")
    project = open_project()
    log = project.paths.service_log
    line = logged_decision(log, personalization_id)
    if line is None:
        raise CommandError(f"{personalization_id}: {why_missing(project, personalization_id)}")
    record = record_of(line, logged_exposures(log, personalization_id))
    say(msgspec.json.format(msgspec.json.encode(record), indent=2).decode() if as_json else record.explanation)
