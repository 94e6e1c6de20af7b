"""`concierge experiment`: whether the registry is right, what runs, and the whole life of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from orchestration.cli import experiment_life, experiment_plan, experiment_report
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.project import Project
    from serving.experiments.definition import Experiment

experiment = typer.Typer(help="Experiments (config/experiments): check, plan, run and read them.", no_args_is_help=True)
experiment.command("plan")(experiment_plan.plan)
experiment.command("start")(experiment_life.start)
experiment.command("stop")(experiment_life.stop)
experiment.command("ship")(experiment_life.ship)
experiment.command("report")(experiment_report.report)
experiment.command("history")(experiment_life.history)
COLUMNS = ("experiment", "kind", "placement", "unit", "status", "live", "layer", "share", "arms", "until")


@experiment.command()
def check() -> None:
    """Check every experiment: file, line, field and what is allowed, for each mistake.

    Among them two with one salt, a layer that is full, a split that was edited under a version that has been live, an
    arm whose action does not exist, and an experiment without its plain arm. Exit code 1 when something is wrong.
    """
    from orchestration.cli.console import say, warn

    found, mistakes = _checked(open_project())
    for mistake in mistakes:
        warn(mistake)
    if mistakes:
        warn(f"error: {len(mistakes)} mistakes" if len(mistakes) > 1 else "error: 1 mistake")
        raise typer.Exit(1)
    said = ", ".join(f"{one.key} {one.status}" for one in found) or "there is none in config/experiments"
    say(f"{len(found)} experiments are right: {said}" if found else said)


@experiment.command("list")
def list_experiments() -> None:
    """Tell what the files say of each experiment, and what of it is live."""
    from orchestration.cli.console import say, show_table
    from orchestration.cli.policy_commands import content_of
    from orchestration.experiments_published import in_force, live_shares

    project = open_project()
    experiments = content_of(project).experiments
    shares, live = in_force(project, experiments), live_shares(project)
    show_table(COLUMNS, [_row(one, shares.get(one.key), live.get(one.key)) for one in experiments])
    waiting = [one.key for one in experiments if shares.get(one.key) != live.get(one.key)]
    if waiting:
        say(f"not live as the files and commands say: {', '.join(waiting)}; next: concierge publish --config-only")


def _row(one: Experiment, share: float | None, live: float | None) -> tuple[object, ...]:
    arms = ", ".join(f"{name}{_mark(one, name)}" for name in one.arms)
    until = "" if one.ends_at is None else f"{one.ends_at:%Y-%m-%d %H:%M%z}"
    shown = "" if share is None else f"{share:.2%}"
    runs = "no" if live is None else f"{live:.2%}"
    return one.key, one.kind, one.placement, one.unit, one.status, runs, one.layer, shown, arms, until


def _mark(one: Experiment, arm: str) -> str:
    return " (plain)" if one.arms[arm].is_plain else " (paused)" if one.arms[arm].is_paused else ""


def _checked(project: Project) -> tuple[list[Experiment], list[str]]:
    from orchestration.experiment_versions import edited_splits
    from orchestration.experiments_published import learned_now
    from serving.experiments.files import load_experiments
    from serving.placement_files import load_placements
    from serving.yaml_file import ConfigError

    try:
        placements = load_placements(project.config / "placements")
        found = load_experiments(project.config / "experiments", placements)
    except ConfigError as error:
        return [], list(error.mistakes)
    mistakes = [str(error) for error in edited_splits(project, found)]
    try:
        learned_now(project, found)
    except ConfigError as error:
        mistakes += error.mistakes
    return found, mistakes
