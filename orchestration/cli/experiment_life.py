"""`concierge experiment start`, `stop`, `ship` and `history`: its life, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.actor import current_actor
from orchestration.cli.errors import CommandError
from orchestration.cli.experiment_names import Name, Reason
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from intake.ops_experiments import ExperimentEvent
    from intake.project import Project
    from orchestration.experiments.life import Step

COLUMNS = ("when (UTC)", "version", "step", "share", "who", "why")


def start(name: Name, reason: Reason = "by command") -> None:
    """Begin an experiment with the first share of its ramp; the daily run moves it on while everything is green."""
    from orchestration.experiments.life import start as begin

    _take(lambda project, step: begin(project, name, step), reason)


def stop(name: Name, reason: Reason = "by command") -> None:
    """End an experiment: nobody new takes part, and everybody sees the plain answer again."""
    from orchestration.experiments.life import stop as end

    _take(lambda project, step: end(project, name, step), reason)


def ship(
    name: Name,
    arm: Annotated[str, typer.Argument(metavar="ARM", help="The arm that is to be everybody's.")],
    reason: Reason = "by command",
    anyway: Annotated[bool, typer.Option("--anyway", help="Also when the last read-out does not say ship.")] = False,
) -> None:
    """Record the decision for an arm and end the experiment; refused when the last read-out does not say to ship it.

    Making the arm's action everybody's is an edit of the placement, which this does not do by itself.
    """
    from orchestration.experiments.life import ship as decide

    _take(lambda project, step: decide(project, name, arm, step, anyway=anyway), reason)


def history(name: Name) -> None:
    """Every step of an experiment's life, and every look that was taken at its results."""
    from intake.ops_experiments import ExperimentBook
    from orchestration.cli.console import say, show_table
    from orchestration.experiments.versions import named

    project = open_project()
    book = ExperimentBook(project.paths)
    events, looks = book.experiment_events(name), book.looks(name)
    if not events and not looks:
        named(project, name)
        say(f"{name}: nothing has happened yet")
    if events:
        show_table(COLUMNS, [_row(event) for event in events])
    if looks:
        rows = [(one.version, one.look, f"{one.at:%Y-%m-%d}", one.arm, one.metric, f"{one.information:.0%}",
                 f"{one.z:+.2f}", f"{one.bound:.2f}", one.crossed or "-") for one in looks]  # fmt: skip
        show_table(("version", "look", "on", "arm", "metric", "evidence", "z", "needed", "crossed"), rows)


def _row(event: ExperimentEvent) -> tuple[object, ...]:
    share = "" if event.share is None else f"{event.share:.2%}"
    return f"{event.at:%Y-%m-%d %H:%M}", event.version, event.kind, share, event.actor, event.reason


def _take(step: Callable[[Project, Step], ExperimentEvent], reason: str) -> None:
    from orchestration.cli.console import say
    from orchestration.experiments.life import Step, StepRefusedError
    from orchestration.experiments_published import publish_probabilities

    project = open_project()
    try:
        event = step(project, Step(current_actor(), reason, project.clock.now()))
    except StepRefusedError as error:
        raise CommandError(str(error)) from error
    share = "" if event.share is None else f", {event.share:.2%} of its layer"
    say(f"{event.experiment}/{event.version}: {event.kind}{share}")
    version = publish_probabilities(project)
    if version is None:
        say("not live yet: the live version does not know it; next: concierge publish --config-only")
    else:
        say(f"live with version {version}")
