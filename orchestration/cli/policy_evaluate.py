"""`concierge policy evaluate`, `shadow` and `canary`: what a candidate would earn, and how it does beside the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from orchestration.offpolicy.report import Report

Days = Annotated[int | None, typer.Option("--days", min=1, max=3_660, help="How far exposures reach back.")]
Window = Annotated[
    int | None, typer.Option("--window-hours", min=1, max=8_760, help="How long an outcome counts for its exposure.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the reports go.")]
COLUMNS = ("measure", "value", "95 % interval")


def evaluate(
    candidate: Annotated[
        str,
        typer.Argument(
            metavar="CANDIDATE",
            help="A folder with policies/, placements/ or experiments/; a table of arm probabilities; or an action.",
        ),
    ],
    placement: Annotated[
        str | None, typer.Option("--placement", metavar="NAME", help="This placement alone, not all that it changes.")
    ] = None,
    days: Days = None,
    window_hours: Window = None,
    reward: Annotated[
        str | None,
        typer.Option("--reward", metavar="NAME", help="margin or converted; else the placement's objective."),
    ] = None,
    out: Out = None,
) -> None:
    """Try a candidate on logged traffic: what it would have earned, and whether the log can tell at all.

    Candidate probabilities come from the evaluator itself, asked again with every logged question on the snapshot of
    then. Exit code 0 when the verdict is ok, 3 when it is worse, cannot be judged or the log cannot be trusted; 1 when
    there is nothing to evaluate on. Writes policy_evaluate.html and .json, and a row of ops.ope_report.
    """
    import duckdb

    from orchestration.offpolicy.candidate import read_candidate
    from orchestration.offpolicy.evaluating import Span, evaluate_candidate, placements_of, published

    if reward not in (None, "margin", "converted"):
        raise typer.BadParameter(f"--reward {reward!r}; allowed: margin, converted")
    project = open_project()
    chosen = read_candidate(project, candidate)
    try:
        with published(project) as connection:
            names = [placement] if placement else placements_of(project, chosen, connection)
            span = Span(days, window_hours, reward)
            reports = [evaluate_candidate(project, chosen, name, connection, span=span) for name in names]
    except duckdb.Error as error:
        raise CommandError(f"the published tables cannot be read: {str(error).splitlines()[0]}") from error
    _show(reports, out or project.paths.data_docs / "policy_evaluate")
    if not all(report.passes for report in reports):
        raise typer.Exit(3)


def _show(reports: list[Report], target: Path) -> None:
    import msgspec

    from orchestration.cli.console import say, show_table
    from orchestration.offpolicy.page import page, rows, summary

    for report in reports:
        say(summary(report))
        for reason in report.reasons[1:]:
            say(f"  also: {reason}")
        for text in report.notes:
            say(f"  note: {text}")
        show_table(COLUMNS, rows(report))
    target.mkdir(parents=True, exist_ok=True)
    content = msgspec.json.format(msgspec.json.encode(reports), indent=1)
    (target / "policy_evaluate.json").write_bytes(content)
    (target / "policy_evaluate.html").write_text(page(reports), encoding="utf-8")
    say(f"reports: {target / 'policy_evaluate.html'} and policy_evaluate.json")


def shadow(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="A shadow experiment, name or name/version.")],
    days: Days = None,
    window_hours: Window = None,
) -> None:
    """How a shadow experiment did: how often it agreed with what was shown, and what it would have earned.

    Exit code 0 when its value is not below what was shown, 3 when it is or cannot be told.
    """
    from orchestration.cli.console import say, show_table
    from orchestration.offpolicy.evaluating import Span, published
    from orchestration.offpolicy.shadow import evaluate_shadow

    project = open_project()
    with published(project) as connection:
        found = evaluate_shadow(project, experiment, connection, Span(days, window_hours))
    say(found.sentence)
    arms = [(one.arm, f"{one.shadowed:,}", f"{one.agreed:,}", f"{one.share:.1%}") for one in found.arms]
    show_table(("arm", "would be shown", "of them shown", "agreement"), arms)
    if found.report is None:
        raise typer.Exit(3)
    show_table(COLUMNS, _rows(found.report))
    if not found.report.passes:
        raise typer.Exit(3)


def _rows(report: Report) -> list[tuple[str, str, str]]:
    from orchestration.offpolicy.page import rows

    return rows(report)


def canary(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="An experiment with a canary share.")],
    days: Days = None,
    window_hours: Window = None,
) -> None:
    """How the canary did beside the rest of its experiment: value per exposure, difference, and whether to go on.

    Exit code 0 when the lower bound of the difference is within what is allowed, 3 when it is worse or too early.
    """
    from orchestration.cli.console import say, show_table
    from orchestration.offpolicy.canary import evaluate_canary
    from orchestration.offpolicy.evaluating import Span, published

    project = open_project()
    with published(project) as connection:
        found = evaluate_canary(project, experiment, connection, Span(days, window_hours))
    say(found.sentence)
    lines = [
        (one.name, f"{one.exposures:,}", f"{one.people:,}", f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}")
        for one in found.sides
    ]
    show_table(("traffic", "exposures", "people", "value", "95 % interval"), lines)
    if found.verdict != "ok":
        raise typer.Exit(3)


def add_to(policy: typer.Typer) -> None:
    """Make the commands part of `concierge policy`."""
    for command in (evaluate, shadow, canary):
        policy.command()(command)
