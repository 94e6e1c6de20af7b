"""`concierge run`, `publish` and `backfill`: the asset graph, in this process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.moments import day, instant
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.project import Project
    from orchestration.run_report import RunReport

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Look from this UTC moment (a date is its midnight); else from now."),
]


def run(
    as_of: AsOf = None,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="ASSETS", help="Only these, in Dagster's syntax: marts/dim_customer+"),
    ] = None,
    train: Annotated[
        bool | None,
        typer.Option("--train/--no-train", help="Train now, or never; else when a model is missing or a week old."),
    ] = None,
    hourly: Annotated[
        bool,
        typer.Option("--hourly", help="Only touched days and the customers they concern, as the hourly schedule does."),
    ] = False,
) -> None:
    """Take in what has landed, rebuild what it touched, and publish: the same code as the schedules.

    With --as-of nothing that occurred or arrived at or after that moment is seen. A moment before the live snapshot
    writes training frames only.
    """
    from orchestration.cli.progress import Progress
    from orchestration.pipeline import run_pipeline

    project = open_project()
    if hourly and (select or train is not None):
        raise typer.BadParameter("--hourly has its own selection and never trains: leave out --select and --train")
    moment = instant(as_of) if as_of else project.clock.now()
    with Progress() as progress:
        report = run_pipeline(
            project,
            moment,
            select=select or None,
            train="auto" if train is None else train,
            hourly=hourly,
            on_stage=progress.done,
            on_start=progress.start,
        )
    show_report(report)


def publish(
    config_only: Annotated[
        bool, typer.Option("--config-only", help="Edited placements and policies alone, within seconds.")
    ] = False,
) -> None:
    """Make the published tables, the snapshot and the export again from what the last run computed.

    After `concierge models promote` or `rollback` everybody is scored again with the models that serve now.

    With --config-only the live snapshot is written again with the edited placements and policies: no profile, score or
    table is computed anew. Guardrails are proved before the switch; when one does not hold, nothing changes.
    """
    if config_only:
        _publish_config()
        return
    from orchestration.champions.promotion import serves_others
    from orchestration.cli.progress import Progress
    from orchestration.groups import Group
    from orchestration.pipeline import run_pipeline

    project = open_project()
    _require_this_layout(project)
    groups = [Group.DECISIONS, Group.PUBLISHED, Group.SNAPSHOT]
    if serves_others(project):
        # A promoted model has scored nobody yet.
        groups = [Group.SEGMENTS, Group.SCORES, Group.RECOMMENDATIONS, *groups]
    select = [f'group:"{group.value}"' for group in groups]
    with Progress() as progress:
        report = run_pipeline(
            project, project.clock.now(), select=select, train=False, on_stage=progress.done, on_start=progress.start
        )
    show_report(report)


def _require_this_layout(project: Project) -> None:
    from orchestration.daily_layout import is_outdated
    from orchestration.warehouse import Warehouse

    warehouse = Warehouse(project.paths.warehouse)
    if project.paths.warehouse.exists() and is_outdated(warehouse):
        raise CommandError("the daily tables are of another version of this program; make them anew: concierge run")


def _publish_config() -> None:
    import time

    from orchestration.cli.actor import current_actor
    from orchestration.cli.console import say, warn
    from orchestration.policy.evidence import ProofError
    from orchestration.policy.publish_config import publish_config
    from serving.yaml_file import ConfigError

    began = time.monotonic()
    try:
        done = publish_config(open_project(), current_actor())
    except ConfigError as error:
        for mistake in error.mistakes:
            warn(mistake)
        raise
    except ProofError as error:
        for breach in error.proof.breaches:
            warn(breach.sentence())
        raise
    live = len(done.proof.checked_live)
    say(f"live: {done.version} (before: {done.before}), in {time.monotonic() - began:.1f} s")
    say(f"guardrails hold: {', '.join(f'{n} {what}' for what, n in sorted(done.proof.evaluated.items()))}")
    say(f"{live} rules read the request and are checked live: {', '.join(sorted(done.proof.checked_live))}")


def backfill(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day (UTC), included.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day (UTC), included.")],
    as_of: AsOf = None,
) -> None:
    """Rebuild the daily tables of a range of days, as a backfill from the Dagster UI does.

    Running it again gives the same tables. What lies behind the daily tables follows with the next run.
    """
    from orchestration.backfill import run_backfill
    from orchestration.cli.console import say
    from orchestration.cli.progress import Progress
    from orchestration.partitions import DayRange

    days = DayRange(day(first), day(last))
    if days.days < 1:
        raise typer.BadParameter(f"--to {last} lies before --from {first}")
    project = open_project()
    moment = instant(as_of) if as_of else project.clock.now()
    with Progress() as progress:
        run_backfill(project, days, moment, on_stage=progress.done, on_start=progress.start)
    say(f"{days.days} days rebuilt ({days}); next: concierge run")


def show_report(report: RunReport) -> None:
    """What a run did, and what it did not have to do."""
    from orchestration.cli.console import say

    for note in report.notes:
        say(note)
    for what, why in report.skipped.items():
        say(f"not done again: {what}: {why}")
    models = "models trained" if report.trained else "models kept"
    moment = f"{_utc(report.as_of):%Y-%m-%d %H:%M:%S} UTC"
    say(f"{report.state.replace('_', ' ')}: as of {moment}, {report.days_built} days rebuilt, {models}")
    if report.snapshot_version:
        say(f"snapshot {report.snapshot_version} is live; {report.seconds:.0f} s, {report.peak_bytes / 1e9:.1f} GB")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
