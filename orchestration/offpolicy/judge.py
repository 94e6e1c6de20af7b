"""Changed files in front of publishing: what logged traffic says of them, where the settings ask for that."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import timedelta

import duckdb

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.offpolicy.asked_again import is_readable
from orchestration.offpolicy.candidate import Candidate, of_project
from orchestration.offpolicy.changes import changed_placements
from orchestration.offpolicy.evaluating import evaluate_candidate, published, reward_of
from orchestration.offpolicy.rewards import NothingLoggedError
from serving.content import Content, load_content
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader

Connect = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
OK = "ok"


class OffPolicyRefusedError(ValueError):
    """Logged traffic does not speak for the changed files, so nothing was published."""


@dataclass(frozen=True)
class Judged:
    """What was judged: by placement the verdict with its first reason; `refused` are those that stand in the way."""

    told: dict[str, str]
    refused: list[str]

    @property
    def sentence(self) -> str:
        """One line."""
        if self.refused:
            return "not published, logged traffic does not speak for it: " + "; ".join(self.refused)
        return "; ".join(f"{name}: {said}" for name, said in self.told.items()) or "no changed placement to judge"


def require_judged(project: Project, connect: Connect | None = None) -> Judged:
    """Judge the project's files where `offpolicy.required` asks for it.

    Experiments are not judged: they are how the log gets to know what was never shown, under a ramp and guard rails of
    their own.

    Args:
        connect: opens the tables of a run; by default the published ones.

    Raises:
        OffPolicyRefusedError: a changed placement is worse, cannot be judged, or was never explored and is named in
            `offpolicy.placements`.
    """
    judged = judge_files(project, connect)
    if judged.refused:
        raise OffPolicyRefusedError(judged.sentence)
    return judged


def judge_files(project: Project, connect: Connect | None = None) -> Judged:
    """`require_judged` that refuses nothing."""
    judged, settings = Judged({}, []), project.settings.offpolicy
    live = _live_content(project) if settings.required else None
    if live is None:
        return judged
    changed = changed_placements(live, load_content(project.config), with_experiments=False)
    wanted = sorted(changed & set(settings.placements) if settings.placements else changed)
    candidate = of_project(project)
    for name in wanted:
        _judge_one(project, candidate, name, connect or (lambda: published(project)), judged)
    return judged


def _judge_one(project: Project, candidate: Candidate, name: str, connect: Connect, judged: Judged) -> None:
    before = _earlier(project, candidate.digest, name)
    try:
        if before is None:
            with connect() as connection:
                report = evaluate_candidate(project, candidate, name, connection)
            before = report.verdict, report.reasons[0]
    except NothingLoggedError as error:
        if name in project.settings.offpolicy.placements:
            judged.refused.append(str(error))
        return
    except ValueError as error:
        judged.refused.append(f"{name}: {error}")
        return
    judged.told[name] = f"{before[0]}: {before[1]}"
    if before[0] != OK:
        judged.refused.append(f"{name}: {before[0]}: {before[1]}")


def _earlier(project: Project, digest: str, placement: str) -> tuple[str, str] | None:
    """Verdict and reason of the same files asked the same: for the placement's objective, over the settings' days."""
    settings = project.settings.offpolicy
    asked = {
        "digest": digest, "objective": reward_of(project, placement), "days": settings.days,
        "window_hours": settings.window_hours,
    }  # fmt: skip
    since = project.clock.now() - timedelta(days=settings.valid_days)
    for report in OpsStore(project.paths).ope_reports(placement):
        if report.judged_at > since and asked.items() <= report.evidence.items():
            return report.verdict, str((report.evidence.get("reasons") or [""])[0])
    return None


def _live_content(project: Project) -> Content | None:
    """What is live; None where nothing is, or only what this program cannot read (the next run makes it anew)."""
    version = pointer.current(project.paths.snapshots)
    if version is None:
        return None
    folder = (project.paths.snapshots / version).resolve()
    if not is_readable(folder):
        return None
    with closing(SnapshotReader(folder)) as reader:
        return Content(list(reader.placements.values()), list(reader.policies), reader.learned.definitions())
