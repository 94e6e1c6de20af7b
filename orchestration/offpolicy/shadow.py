"""How a shadow experiment did: agreement with what was shown, and what its arms would have earned."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import msgspec

from intake.project import Project
from orchestration.offpolicy.candidate import Candidate, Everybody
from orchestration.offpolicy.evaluating import Span, experiment_named, judged_rows, reward_of
from orchestration.offpolicy.report import Report
from orchestration.offpolicy.rewards import NothingLoggedError, exposures
from orchestration.offpolicy.rows import by_action
from serving.experiments.definition import Experiment

_ARMS = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True)
class ShadowArm:
    """One arm: how often it would have been shown, and how often its action was."""

    arm: str
    shadowed: int
    agreed: int

    @property
    def share(self) -> float:
        """Agreement, 0 to 1."""
        return self.agreed / self.shadowed


@dataclass(frozen=True)
class ShadowReport:
    """Agreement by arm; `report` is missing where what was shown was never drawn by chance."""

    sentence: str
    arms: list[ShadowArm]
    report: Report | None


def evaluate_shadow(
    project: Project, name: str, connection: duckdb.DuckDBPyConnection, span: Span | None = None
) -> ShadowReport:
    """Compare the arms that a shadow experiment logged with what was shown.

    Raises:
        CandidateError: there is no such experiment.
        NothingLoggedError: it has logged nothing yet.
    """
    experiment = experiment_named(project, name)
    asked, settings = span or Span(), project.settings.offpolicy
    days, hours = asked.days or settings.days, asked.window_hours or settings.window_hours
    frame = exposures(connection, experiment.placement, project.clock.now(), days, hours)
    told_arms = [_arm(text, experiment.key) or "" for text in frame["shadow"]]
    frame = frame.assign(shadow_arm=told_arms)
    frame = frame[(frame["shadow_arm"] != "") & (frame["traffic"] == "live")].reset_index(drop=True)
    if frame.empty:
        raise NothingLoggedError(
            f"{experiment.key}: no exposure with a shadow arm is on record at {experiment.placement}"
        )
    arms = frame["shadow_arm"].astype(str).tolist()
    wanted = [_action(experiment, arm) for arm in arms]
    told = _agreement(arms, wanted, frame["action"].astype(str).tolist())
    agreed = sum(one.agreed for one in told) / len(frame)
    sentence = f"{experiment.key}: of {len(frame):,} exposures it would have shown the same in {agreed:.1%}"
    if (frame["propensity"] >= 1).all():
        return ShadowReport(
            f"{sentence}; its value cannot be told: nothing shown there was drawn by chance", told, None
        )
    found = by_action(frame, {experiment.key: experiment})
    found.candidate = [{action: 1.0} for action in wanted]
    candidate = Candidate(f"shadow {experiment.key}", Everybody(""), experiment.key)
    reward = asked.reward or reward_of(project, experiment.placement)
    report = judged_rows(project, candidate, experiment.placement, found, reward, (days, hours))
    return ShadowReport(f"{sentence}; {report.verdict}: {report.reasons[0]}", told, report)


def _arm(text: object, key: str) -> str | None:
    try:
        return _ARMS.decode(text).get(key) if isinstance(text, str) and text else None
    except msgspec.DecodeError:
        return None


def _action(experiment: Experiment, arm: str) -> str:
    return experiment.arms[arm].action if arm in experiment.arms else arm


def _agreement(arms: list[str], wanted: list[str], shown: list[str]) -> list[ShadowArm]:
    counts: dict[str, list[int]] = {}
    for arm, want, was in zip(arms, wanted, shown, strict=True):
        own = counts.setdefault(arm, [0, 0])
        own[0] += 1
        own[1] += want == was
    return [ShadowArm(arm, *counts[arm]) for arm in sorted(counts)]
