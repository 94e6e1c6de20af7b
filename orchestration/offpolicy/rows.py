"""Of each logged exposure: what was taken, from which row of probabilities, and what the candidate's row is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pandas as pd

from orchestration.offpolicy.asked_again import AskedAgain
from orchestration.offpolicy.candidate import CandidateError, Everybody, Table
from orchestration.offpolicy.entries import SAME, Entry, Row, entries
from serving.experiments.definition import Experiment
from serving.experiments.rows import learned_row

Registry = Mapping[str, Experiment]


@dataclass
class Exposed:
    """One entry an exposure, in the order of `frame`. `logged` None: the row is not known; `candidate` None: it does as
    the log did; `open`: what could be drawn, None where that is not known."""

    frame: pd.DataFrame
    taken: list[str]
    propensity: list[float] = field(default_factory=list)
    logged: list[Row | None] = field(default_factory=list)
    open: list[Collection[str] | None] = field(default_factory=list)
    candidate: list[Row | None] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def enter(self, row: Row | None, p: float, eligible: Collection[str] | None) -> None:
        """Add what was drawn from."""
        taken = self.taken[len(self.propensity)]
        if row is None and abs(p - 1.0) <= SAME:
            row = {taken: 1.0}
        could = eligible if row is None else [name for name, share in row.items() if share > 0]
        self.propensity.append(p)
        self.logged.append(row)
        self.open.append(None if could is None else {*could, taken})


def by_action(frame: pd.DataFrame, registry: Registry, asked: AskedAgain | None = None) -> Exposed:
    """Exposures by the action shown; arms that show the same action count as one.

    Args:
        frame: as `rewards.exposures` gives them.
        registry: experiments by `name/version`.
        asked: rows that the evaluator gives where the log tells none.
    """
    told = list(entries(frame))
    shows = _shown_by(told, registry)
    found, differing = Exposed(frame, [one.action for one in told]), 0
    for one in told:
        row, p = _action_row(one, shows)
        again = None if asked is None or row is not None else asked.logged.get(one.name)
        if again is not None and abs(again.get(one.action, 0.0) - p) <= SAME:
            row = again
        differing += again is not None and row is None
        found.enter(row, p, one.eligible)
    if differing:
        found.notes.append(
            f"{differing} exposures: today's evaluator gives another probability than the log (the program has changed "
            "or the log is wrong); the logged one counts"
        )
    return found


def by_arm(frame: pd.DataFrame) -> Exposed:
    """Exposures of an experiment by arm. Where rules had their share of the traffic, that of the model counts alone:
    the side was drawn apart from the arm."""
    told = list(entries(frame))
    found = Exposed(frame, [one.arm for one in told])
    for one in told:
        found.enter(one.row, one.conditional if one.is_hybrid else one.propensity, None)
    return found


def _action_row(one: Entry, shows: Mapping[tuple[str, str], str]) -> tuple[Row | None, float]:
    """The row by action, and the propensity of the action: that of its arm and of others that show the same."""
    if one.row is None or one.is_hybrid:
        return None, one.propensity
    row: dict[str, float] = {}
    for arm, share in one.row.items():
        action = shows.get((one.key, arm), arm)
        row[action] = row.get(action, 0.0) + share
    return row, one.propensity + row.get(one.action, 0.0) - one.row.get(one.arm, 0.0)


def _shown_by(told: list[Entry], registry: Registry) -> dict[tuple[str, str], str]:
    """Action of each arm: as its file says, else as it was seen."""
    found = {(one.key, one.arm): one.action for one in told if one.arm}
    return found | {(key, name): arm.action for key, one in registry.items() for name, arm in one.arms.items()}


def for_everybody(found: Exposed, one: Everybody) -> Exposed:
    """The action wherever it could have been shown.

    Raises:
        CandidateError: it could be shown nowhere.
    """
    names = {*found.taken, *(name for could in found.open if could is not None for name in could)}
    if one.action not in names:
        allowed = ", ".join(sorted(names))
        raise CandidateError(f"{one.action!r} is no action that could be shown there; allowed: {allowed}")
    everywhere: Row = {one.action: 1.0}
    found.candidate = [everywhere if could is None or one.action in could else None for could in found.open]
    return found


def for_table(found: Exposed, table: Table, registry: Registry) -> Exposed:
    """The table's row of each exposure's cell, without the arms that could not be drawn there."""
    outside = 0
    for one, could in zip(entries(found.frame), found.open, strict=True):
        cell = table.cell(one.experiment, one.segment, one.bucket) or table.cell("", one.segment, one.bucket)
        outside += cell is None
        found.candidate.append(None if cell is None else _masked(cell, registry.get(one.key), could))
    if outside:
        found.notes.append(f"{outside} exposures: the table has no row for them; they stay as logged")
    return found


def _masked(cell: Row, experiment: Experiment | None, could: Collection[str] | None) -> Row:
    if experiment is not None:
        arms = [name for name in experiment.arms if could is None or name in could]
        if arms:
            return learned_row(experiment, cell, arms)
    kept = {name: p for name, p in cell.items() if could is None or name in could}
    total = sum(kept.values())
    return {name: p / total for name, p in kept.items()} if total > 0 else cell


def asked_rows(found: Exposed, asked: AskedAgain) -> Exposed:
    """What the evaluator gave under the candidate's files; of the exposures that could be asked again alone."""
    names = found.frame["personalization_id"].astype(str).tolist()
    kept = [index for index, name in enumerate(names) if name in asked.candidate]
    notes, lost = list(found.notes), len(names) - len(kept)
    if lost:
        why = ", ".join(f"{count} because {reason}" for reason, count in sorted(asked.missing.items()))
        notes.append(f"{lost} exposures left out: {why or 'their decisions are not in the log any more'}")
    return Exposed(
        found.frame.iloc[kept].reset_index(drop=True),
        [found.taken[i] for i in kept],
        [found.propensity[i] for i in kept],
        [found.logged[i] for i in kept],
        [found.open[i] for i in kept],
        [asked.candidate[names[i]] for i in kept],
        notes,
    )
