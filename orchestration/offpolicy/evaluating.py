"""One candidate at one placement: exposures, rows of probabilities, estimators, report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import duckdb
import msgspec
import pandas as pd

from intake.ops_offpolicy import OpeReport
from intake.ops_store import OpsStore
from intake.project import Project
from intake.settings_offpolicy import OffPolicySettings
from ml.offpolicy import Gate, OffPolicyError, evaluate
from orchestration.offpolicy.asked_again import ask_again
from orchestration.offpolicy.building import draws_of, people_of, traffic_of
from orchestration.offpolicy.candidate import Candidate, CandidateError, Edited, Everybody, Table
from orchestration.offpolicy.changes import changed_placements
from orchestration.offpolicy.report import Asked, Report, report_of
from orchestration.offpolicy.rewards import NothingLoggedError, exposures, placements_logged
from orchestration.offpolicy.rows import Exposed, Registry, asked_rows, by_action, by_arm, for_everybody, for_table
from orchestration.policy.asking import PUBLISHED
from serving.content import load_content
from serving.experiments.definition import Experiment

_DRAWS: Final = """
    select distinct experiment, unit_id, cast(draw_u as double) as draw_u from marts.fct_decision
    where draw_u is not null and experiment is not null and unit_id is not null
        and coalesce(traffic, 'live') = 'live' and decided_at >= $since
"""
NO_DRAWS: Final = pd.DataFrame({"experiment": [], "unit_id": [], "draw_u": []})
_OBJECTIVES: Final = {"expected_margin": "margin", "expected_conversion": "converted"}


class NotExploredError(NothingLoggedError):
    """Every exposure was shown with probability 1, so the log knows nothing of other actions."""


@dataclass(frozen=True)
class Span:
    """Which exposures count; None leaves it to the settings."""

    days: int | None = None
    window_hours: int | None = None
    reward: str | None = None


@contextmanager
def published(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published tables, read-only.

    Raises:
        NothingLoggedError: nothing has been published yet.
    """
    database = project.paths.published / PUBLISHED
    if not database.exists():
        raise NothingLoggedError(f"{database}: nothing is published yet; run the pipeline first: concierge run")
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'").fetchall()
        yield connection


def evaluate_candidate(
    project: Project,
    candidate: Candidate,
    placement: str,
    connection: duckdb.DuckDBPyConnection,
    as_of: datetime | None = None,
    span: Span | None = None,
) -> Report:
    """Judge a candidate on the logged traffic of one placement, and note the judgement.

    Args:
        connection: the published tables, or those of a run.
        as_of: aware; exposures whose window ends later are left out. None: the project's clock.

    Raises:
        NothingLoggedError: there is no exposure, or none was drawn by chance (NotExploredError).
        CandidateError: the candidate does not fit the placement.
        OffPolicyError: too little of the log can be used.
    """
    settings, asked_for = project.settings.offpolicy, span or Span()
    now = as_of or project.clock.now()
    days, hours = asked_for.days or settings.days, asked_for.window_hours or settings.window_hours
    frame = exposures(connection, placement, now, days, hours)
    frame = _thinned(frame[frame["traffic"] == "live"].reset_index(drop=True), settings.most_exposures)
    _require_explored(placement, frame)
    registry = registry_of(project)
    found = _exposed(project, candidate, frame, registry)
    if not found.taken:
        raise NothingLoggedError(f"{placement}: none of {len(frame)} exposures can be used: {'; '.join(found.notes)}")
    reward = asked_for.reward or reward_of(project, placement)
    others = connection.execute(_DRAWS, {"since": frame["shown_at"].min()}).df()
    return judged_rows(project, candidate, placement, found, reward, (days, hours), others=others, as_of=now)


def judged_rows(
    project: Project,
    candidate: Candidate,
    placement: str,
    found: Exposed,
    reward: str,
    span: tuple[int, int],
    *,
    others: pd.DataFrame | None = None,
    as_of: datetime | None = None,
) -> Report:
    """Judge exposures whose candidate rows are known, and note the judgement.

    Args:
        span: days and hours of the window.
        others: draws of other experiments.
        as_of: the moment of the judgement; None: the project's clock.
    """
    draws = draws_of(found.frame, NO_DRAWS if others is None else others, reward, registry_of(project))
    gate = gate_of(project.settings.offpolicy)
    result = evaluate(traffic_of(found, reward), seed=project.settings.seed, gate=gate, draws=draws)
    asked = Asked(
        candidate=candidate.name,
        digest=candidate.digest,
        placement=placement,
        objective=reward,
        judged_at=as_of or project.clock.now(),
        days=span[0],
        window_hours=span[1],
        notes=found.notes,
    )
    report = report_of(asked, result)
    note(OpsStore(project.paths), report)
    return report


def experiment_named(project: Project, name: str) -> Experiment:
    """An experiment by `name` or `name/version`.

    Raises:
        CandidateError: there is none.
    """
    for key, one in registry_of(project).items():
        if name in (key, one.name):
            return one
    allowed = ", ".join(sorted(registry_of(project))) or "none"
    raise CandidateError(f"{name!r} is not an experiment of {project.config / 'experiments'}; allowed: {allowed}")


def registry_of(project: Project) -> dict[str, Experiment]:
    """Experiments of the project by `name/version`."""
    return {one.key: one for one in load_content(project.config).experiments}


def gate_of(settings: OffPolicySettings) -> Gate:
    """The bounds of the settings."""
    return Gate(
        least_effective=settings.least_effective,
        least_effective_share=settings.least_effective_share,
        least_difference=settings.least_difference,
    )


def reward_of(project: Project, placement: str) -> str:
    """What the placement's objective counts: `margin` or `converted`."""
    for one in load_content(project.config).placements:
        if one.name == placement:
            return _OBJECTIVES[one.objective]
    return "margin"


def placements_of(project: Project, candidate: Candidate, connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
    """Placements with traffic on record that a candidate concerns: those whose files it changes, or that show its
    action, or whose experiments its table names.

    Raises:
        CandidateError: it concerns none of them.
    """
    logged, kind = placements_logged(connection), candidate.kind
    now = load_content(project.config)
    if isinstance(kind, Edited):
        chosen = changed_placements(now, kind.content)
    elif isinstance(kind, Table):
        chosen = {one.placement for one in registry_of(project).values() if one.name in kind.experiments}
    else:
        chosen = {p.name for p in now.placements if any(a.name == kind.action for a in p.actions)}
        if not chosen:
            raise CandidateError(f"{kind.action!r} is no folder, no table and no action of any placement")
    found = [name for name in logged if name in chosen]
    if not found:
        told = ", ".join(logged) or "none"
        raise CandidateError(f"{candidate.name}: it changes no placement with logged exposures; those are: {told}")
    return found


def note(ops: OpsStore, report: Report) -> None:
    """Keep a judgement: figures, no person."""
    evidence = msgspec.to_builtins(report)
    named = "|".join((report.placement, report.digest, report.judged_at.isoformat()))
    name = hashlib.sha256(named.encode()).hexdigest()[:16]
    ops.record_ope_report(
        OpeReport(name, report.candidate, report.placement, report.judged_at, report.verdict, evidence)
    )


def _exposed(project: Project, candidate: Candidate, frame: pd.DataFrame, registry: Registry) -> Exposed:
    kind = candidate.kind
    if isinstance(kind, Everybody):
        return for_everybody(by_action(frame, registry), kind)
    if isinstance(kind, Table):
        own = frame["arm"].notna()
        named = kind.experiments
        rows = frame[own & (frame["experiment"].isin(named) | ("" in named))].reset_index(drop=True)
        if rows.empty:
            raise CandidateError(f"{candidate.name}: no exposure of experiment {', '.join(sorted(named))} is on record")
        return for_table(by_arm(rows), kind, registry)
    asked = ask_again(project.paths, set(frame["personalization_id"]), kind.content)
    return asked_rows(by_action(frame, registry, asked), asked)


def _require_explored(placement: str, frame: pd.DataFrame) -> None:
    by_chance = int((frame["propensity"] < 1).sum()) + int(frame["propensity"].isna().sum())
    if not by_chance:
        raise NotExploredError(
            f"{placement}: it was never explored: all {len(frame)} exposures were shown with probability 1, so nothing "
            "is known of what else would have come of them; give it an explore_share or an experiment first"
        )


def _thinned(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many exposures, of whole persons."""
    if len(frame) <= most:
        return frame
    step = -(-len(frame) // most)
    kept: pd.DataFrame = frame.loc[people_of(frame) % step == 0]
    return kept.reset_index(drop=True)


__all__ = ["NotExploredError", "OffPolicyError", "Span", "evaluate_candidate", "note", "placements_of", "published"]
