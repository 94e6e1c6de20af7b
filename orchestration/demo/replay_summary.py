"""The decisions that the demo asked for, made again from the log."""

from __future__ import annotations

from contextlib import closing
from itertools import islice

from intake.project import Project
from orchestration.cli.console import say
from orchestration.replay.replaying import Replayer
from serving.log.lookup import decision_lines

MOST = 200


def show_replay(project: Project) -> str | None:
    """How many of the latest decisions come out with the same bytes; the id of one that does."""
    with closing(Replayer(project.paths)) as replayer:
        outcomes = [replayer.replay(line) for line in islice(decision_lines(project.paths.service_log), MOST)]
    same = [outcome.again.decision.personalization_id for outcome in outcomes if outcome.identical and outcome.again]
    if outcomes:
        say(f"Replay: {len(same):,} of the last {len(outcomes):,} logged decisions, made again, have the same bytes")
    return same[0] if same else None
