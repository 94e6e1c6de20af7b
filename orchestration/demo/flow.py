"""The demo from the first file to the last answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from intake.project import Project
from intake.scan import scan_locations
from orchestration.cli.errors import CommandError
from orchestration.cli.published import Published
from orchestration.demo.asking import Answers, ask
from orchestration.demo.people import acquaintances, products_to_ask_for
from orchestration.demo.questions import draw_questions
from orchestration.demo.service import running_service
from orchestration.demo.stages import Stage, StageLog
from orchestration.pipeline import run_pipeline
from orchestration.run_report import RunReport
from serving.snapshot import pointer
from serving.snapshot.manifest import read_manifest
from simulation.report import SimulationReport

QUESTIONS = 1_000
NEEDED_SOURCE = "cj_transactions"

Simulate = Callable[[], SimulationReport]


@dataclass(frozen=True)
class DemoResult:
    """What the summary is written from; `answers` is None without the service."""

    as_of: datetime
    log: StageLog
    run: RunReport
    answers: Answers | None


def run_demo(
    project: Project,
    as_of: datetime,
    log: StageLog,
    simulate: Simulate,
    *,
    serve: bool = True,
    questions: int = QUESTIONS,
) -> DemoResult:
    """Simulate, take in, run the graph, ask the service; what is there already is not done again.

    Raises:
        CommandError: the configuration is not the demo's, or the data folder already stands later than `as_of`.
        RunFailedError: a step of the graph failed.
    """
    _check(project, as_of)
    with log.stage("simulate the digital layer") as stage:
        _note_simulation(stage, simulate())
    with log.stage("take in") as stage:
        _take_in(project, stage, log)
    run = run_pipeline(project, as_of, on_stage=log.add, on_start=log.started)
    answers = _ask(project, log, questions) if serve else None
    return DemoResult(as_of, log, run, answers)


def _check(project: Project, as_of: datetime) -> None:
    if not (project.sources / f"{NEEDED_SOURCE}.yml").exists():
        raise CommandError(f"{project.config}: has no source {NEEDED_SOURCE}; run the demo in the clone's own folder")
    live = pointer.current(project.paths.snapshots)
    if live is None:
        return
    stands_at = datetime.fromisoformat(read_manifest(project.paths.snapshots / live).as_of)
    if as_of < stands_at:
        raise CommandError(
            f"{project.paths.root}: stands at {stands_at:%Y-%m-%d %H:%M} UTC already and time does not run back; "
            "look back in a fresh folder: CONCIERGE_DATA=/tmp/then concierge demo --as-of DATE"
        )


def _note_simulation(stage: Stage, report: SimulationReport) -> None:
    done = "written before, not again" if report.state == "unchanged" else "written"
    stage.note = f"{report.rows:,} rows {done}"


def _take_in(project: Project, stage: Stage, log: StageLog) -> None:
    def show(file: object, read: int) -> None:
        log.started(f"take in: {file}: {read:,} rows")

    files = [file for report in scan_locations(project, on_progress=show) for file in report.files]
    fresh = [file for file in files if file.state != "unchanged"]
    rows = sum(file.rows_read for file in fresh)
    stage.note = f"{rows:,} rows of {len(fresh)} new files; {len(files) - len(fresh)} files taken in before, not again"


def _ask(project: Project, log: StageLog, questions: int) -> Answers:
    with log.stage(f"{questions:,} decisions over HTTP") as stage:
        published = Published.current(project.paths)
        people = acquaintances(project, published, project.paths.root / "truth" / "identifiers.parquet")
        asked = draw_questions(people, products_to_ask_for(published), number=questions, seed=project.settings.seed)
        with running_service(project.paths.root / "service_log" / "demo.out") as url:
            answers = ask(url, asked)
        stage.note = f"p50 {answers.percentile(0.5):.1f} ms, p99 {answers.percentile(0.99):.1f} ms"
    return answers
