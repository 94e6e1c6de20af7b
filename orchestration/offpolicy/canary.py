"""How a canary did beside the rest of its experiment, from the log."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from intake.project import Project
from ml.offpolicy.intervals import Estimate
from ml.offpolicy.sides import compare
from orchestration.offpolicy.building import people_of
from orchestration.offpolicy.evaluating import Span, experiment_named, gate_of, reward_of
from orchestration.offpolicy.rewards import NothingLoggedError, exposures


@dataclass(frozen=True)
class CanarySide:
    """One side, in reward per exposure."""

    name: str
    exposures: int
    people: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CanaryReport:
    """Both sides and their difference; `crossed` people were on both and count for neither."""

    sentence: str
    verdict: str
    sides: list[CanarySide]
    crossed: int


def evaluate_canary(
    project: Project, name: str, connection: duckdb.DuckDBPyConnection, span: Span | None = None
) -> CanaryReport:
    """Compare an experiment's canary with its live traffic, as long as the canary has been running.

    What was shown before it began or after it ended was shown on other days, to people who could not have been in it.

    Raises:
        CandidateError: there is no such experiment.
        NothingLoggedError: one of the two sides has no exposure.
    """
    experiment = experiment_named(project, name)
    asked, settings = span or Span(), project.settings.offpolicy
    days, hours = asked.days or settings.days, asked.window_hours or settings.window_hours
    frame = exposures(connection, experiment.placement, project.clock.now(), days, hours)
    own = (frame["experiment"] == experiment.name) & (frame["experiment_version"] == experiment.version)
    frame = frame[own & frame["traffic"].isin(["live", "canary"]) & frame["arm"].notna()]
    while_it_ran = frame.loc[frame["traffic"] == "canary", "shown_at"].agg(["min", "max"])
    frame = frame[frame["shown_at"].between(*while_it_ran)].reset_index(drop=True)
    frame["person"] = people_of(frame)
    sides = frame.groupby("person")["traffic"].transform("nunique")
    crossed = int(frame.loc[sides > 1, "person"].nunique())
    frame = frame[sides == 1]
    reward = asked.reward or reward_of(project, experiment.placement)
    parts = {side: frame[frame["traffic"] == side] for side in ("canary", "live")}
    for side, rows in parts.items():
        if rows.empty:
            raise NothingLoggedError(f"{experiment.key}: no exposure of its {side} traffic is on record")
    arrays = [(rows[reward].to_numpy(dtype=np.float64), _codes(rows["person"])) for rows in parts.values()]
    found = compare(arrays[0], arrays[1], gate_of(settings))
    told = [_side(name, rows, one) for (name, rows), one in zip(parts.items(), found[:2], strict=True)]
    more = f"; {crossed} people on both sides left out" if crossed else ""
    sentence = f"{experiment.key} canary: {found.verdict.value}: {found.reason}{more}"
    return CanaryReport(sentence, found.verdict.value, told, crossed)


def _codes(person: pd.Series[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.asarray(pd.factorize(person)[0], dtype=np.int64)


def _side(name: str, rows: pd.DataFrame, one: Estimate) -> CanarySide:
    return CanarySide(name, len(rows), int(rows["person"].nunique()), one.value, one.low, one.high)
