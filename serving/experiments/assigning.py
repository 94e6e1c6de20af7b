"""Which arm of which experiment a question gets. A pure function of the version, the unit, and what it drew before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from serving.choice import Choice, Situation, listed
from serving.draw import uniform
from serving.experiments.buckets import part_of, place, split
from serving.experiments.enrolment import Enrolment, Remembered, Traffic, earliest
from serving.experiments.memory import told_in
from serving.experiments.rows import drawn, learned_row, shares_of
from serving.experiments.trials import ANY_CONTEXT, Trial
from serving.rungs import Rung
from serving.snapshot.records import ProfileRecord

CONTEXTS = frozenset({"desktop", "mobile", "tablet", "app"})
"""Devices that have cells of their own; of others there would be too many."""


class Drawn(NamedTuple):
    """One draw: the arm, the row it was drawn from, the number drawn, and the table of the row."""

    arm: str
    row: Mapping[str, float]
    u: float
    table_version: str = ""


def from_trials(at: Situation) -> Choice | None:
    """The answer of the experiment that this unit takes part in; None for a unit that is in none."""
    if at.placement.name not in at.live.trials.serving:
        return None
    found = [(trial, unit, remembered(at, trial)) for trial, unit in _open(at, at.live.trials.serving)]
    # Whoever drew an arm once stays with it, also where a login has changed what is hashed.
    for trial, unit, held in sorted(found, key=lambda one: one[2] is None):
        if held is not None:
            return _again(at, trial, held)
        if trial.takes(unit):
            return _first(at, trial, unit)
    return None


def shadow_arms(at: Situation) -> dict[str, str]:
    """By `name/version` the arm that each shadow experiment would have served."""
    if at.placement.name not in at.live.trials.shadows:
        return {}
    found = {}
    for trial, unit in _open(at, at.live.trials.shadows):
        arms = _permitted(at, trial) if trial.takes(unit) else {}
        if arms:
            found[trial.experiment.key] = _draw(at, trial, unit, list(arms)).arm
    return found


def context_bucket(at: Situation) -> str:
    """The context that cells are told apart by."""
    device = at.context.device_type
    return device if device in CONTEXTS else ANY_CONTEXT


def remembered(at: Situation, trial: Trial) -> Remembered | None:
    """The first draw of this unit, as the snapshot and the live overlay know it."""
    profile = None if trial.experiment.unit == "session" else at.person.profile
    in_snapshot = None if profile is None else profile.assigned.get(trial.experiment.key)
    return earliest([in_snapshot, told_in(at.visit, trial.experiment.key)])


def unit_of(at: Situation, trial: Trial) -> str:
    """The text that is hashed; "" where the question has no such unit."""
    kind = trial.experiment.unit
    if kind == "session":
        return at.context.session_id or ""
    if kind == "account":
        return _account(at.person.profile)
    return at.person.unit


def _account(profile: ProfileRecord | None) -> str:
    return "" if profile is None else profile.account_id or ""


def _open(at: Situation, side: Mapping[str, Sequence[Trial]]) -> Iterator[tuple[Trial, str]]:
    # Nothing may be kept of somebody who is not to be recorded, so nothing can be learned from them either.
    if not at.person.is_tracked:
        return
    for trial in side.get(at.placement.name, ()):
        if trial.runs_at(at.now) and (unit := unit_of(at, trial)):
            yield trial, unit


def _permitted(at: Situation, trial: Trial) -> dict[str, Choice]:
    """What each arm that may be shown would show, by name: the order of the file must not decide who draws what."""
    found = {}
    for name, arm in sorted(trial.experiment.arms.items()):
        action = at.bench.permitted.get(arm.action)
        if action is None or arm.is_paused or f"arm:{trial.experiment.key}/{name}" in at.paused:
            continue
        choice = Choice(action, Rung.EXPERIMENT, reason=action.reason) if action.task is None else listed(at, action)
        if choice is not None:
            found[name] = choice
    return found


def _first(at: Situation, trial: Trial, unit: str) -> Choice:
    experiment = trial.experiment
    if experiment.holdout and place(f"holdout/{experiment.seed}", unit) < experiment.holdout:
        return _plain(at, trial, _enrolment(at, trial, unit, "holdout"))
    arms = _permitted(at, trial)
    canary = experiment.canary
    traffic: Traffic = "live"
    weights = {} if canary is None else {name: w for name, w in sorted(canary.arms.items()) if name in arms}
    if canary is not None and weights and uniform(unit, "canary", experiment.seed) < canary.share:
        traffic, got = "canary", _split(unit, f"canary/{experiment.seed}", weights)
    elif arms:
        got = _draw(at, trial, unit, list(arms))
    else:
        return _plain(at, trial, _enrolment(at, trial, unit, "live"))
    enrolment = _enrolment(at, trial, unit, traffic, got)
    return _served(trial, arms, got.arm, got.row[got.arm], enrolment)


def _again(at: Situation, trial: Trial, held: Remembered) -> Choice:
    got = Drawn(held.arm, held.row, 0.0, held.table_version) if held.arm else None
    enrolment = _enrolment(at, trial, held.unit_id, held.traffic, got, is_again=True)
    arms = _permitted(at, trial) if held.arm else {}
    if held.arm not in arms:
        return _plain(at, trial, enrolment)
    return _served(trial, arms, held.arm, held.propensity, enrolment)


def _draw(at: Situation, trial: Trial, unit: str, arms: Sequence[str]) -> Drawn:
    """A bandit and a shadow of one draw from what was published; else arms are split by declared shares."""
    experiment, profile = trial.experiment, at.person.profile
    cell = trial.cell(None if profile is None else profile.segment_id, context_bucket(at))
    seed = f"arm/{experiment.seed}"
    if cell is None and experiment.kind != "bandit":
        return _split(unit, seed, shares_of(experiment, arms))
    row = shares_of(experiment, arms) if cell is None else learned_row(experiment, cell.row, arms)
    u = uniform(unit, experiment.placement, seed)
    return Drawn(list(row)[drawn(list(row.values()), u)], row, u, "" if cell is None else cell.table_version)


def _split(unit: str, seed: str, weights: Mapping[str, float]) -> Drawn:
    ends, shares = split(list(weights.values()))
    u = place(seed, unit)
    row = dict(zip(weights, shares, strict=True))
    return Drawn(list(row)[part_of(u, ends)], row, u)


def _enrolment(
    at: Situation, trial: Trial, unit: str, traffic: Traffic, got: Drawn | None = None, *, is_again: bool = False
) -> Enrolment:
    told = Enrolment(
        experiment=trial.experiment.name,
        version=trial.experiment.version,
        traffic=traffic,
        unit_type=trial.experiment.unit,
        unit_id=unit,
        context_bucket=context_bucket(at),
        remembered=is_again,
    )
    if got is None:
        return told
    u = None if is_again else got.u
    return replace(told, arm=got.arm, probabilities=dict(got.row), table_version=got.table_version, draw_u=u)


def _served(trial: Trial, arms: Mapping[str, Choice], name: str, propensity: float, enrolment: Enrolment) -> Choice:
    by_action: dict[str, float] = {}
    for arm, p in enrolment.probabilities.items():
        if arm in trial.experiment.arms:
            action = trial.experiment.arms[arm].action
            by_action[action] = by_action.get(action, 0.0) + p
    return replace(
        arms[name],
        propensity=propensity,
        candidates=tuple(by_action),
        row=tuple(by_action.values()),
        enrolment=enrolment,
    )


def _plain(at: Situation, trial: Trial, enrolment: Enrolment) -> Choice:
    """What the plain arm shows; it does not count as an arm."""
    named = trial.experiment.arms[trial.experiment.plain_arm].action
    action = at.bench.permitted.get(named) or at.placement.action(at.placement.plain)
    if action.task is not None:
        action = at.placement.action(at.placement.plain)
    uncounted = replace(enrolment, arm=None, probabilities={}, draw_u=None)
    return Choice(action, Rung.PLAIN, reason=action.reason, enrolment=uncounted)
