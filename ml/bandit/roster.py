"""Which arms an experiment has now, and which of them learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.bandit.rows import MICROS, check_columns


@dataclass(frozen=True)
class Roster:
    """Arms of one experiment version, sorted by name.

    Attributes:
        learned: arms among which shares are divided.
        fixed: arms outside the learner, with their share.
        paused: arms that get nothing for now.
        exposure_cost: known cost of an impression in currency units, by arm.
    """

    learned: tuple[str, ...]
    fixed: dict[str, float]
    paused: tuple[str, ...]
    exposure_cost: dict[str, float]


def rosters(arms: pd.DataFrame) -> dict[tuple[str, int], Roster]:
    """Rosters by experiment and version.

    Raises:
        ValueError: a column is missing, an arm stands twice, or fixed shares are outside 0 to 1 or above 1 together.
    """
    check_columns("arms", arms, ("experiment", "experiment_version", "arm"))
    table = arms.assign(
        is_paused=_column(arms, "is_paused", False).astype(bool),
        fixed_share=pd.to_numeric(_column(arms, "fixed_share", np.nan)).astype(float),
        exposure_cost_micros=pd.to_numeric(_column(arms, "exposure_cost_micros", 0)).astype(float),
    )
    grouped = table.sort_values("arm").groupby(["experiment", "experiment_version"], sort=True)
    return {(str(name), int(str(version))): _roster(str(name), rows) for (name, version), rows in grouped}


def _roster(experiment: str, rows: pd.DataFrame) -> Roster:
    names = [str(name) for name in rows["arm"]]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"arms of {experiment} holds {twice!r} twice, but an arm has one row")
    paused, share = rows["is_paused"].to_numpy(), rows["fixed_share"].to_numpy()
    cost = {name: value / MICROS for name, value in zip(names, rows["exposure_cost_micros"], strict=True)}
    fixed = {n: float(s) for n, p, s in zip(names, paused, share, strict=True) if not p and not np.isnan(s)}
    if any(not 0.0 <= value <= 1.0 for value in fixed.values()) or sum(fixed.values()) > 1.0 + 1e-9:
        raise ValueError(f"fixed_share of {experiment} is {fixed}, but must be 0 to 1 each and at most 1 together")
    learned = tuple(n for n, p, s in zip(names, paused, share, strict=True) if not p and np.isnan(s))
    return Roster(learned, fixed, tuple(n for n, p in zip(names, paused, strict=True) if p), cost)


def _column(arms: pd.DataFrame, name: str, missing: object) -> pd.Series:
    if name not in arms.columns:
        return pd.Series([missing] * len(arms), index=arms.index)
    column = arms[name]
    return column if name == "fixed_share" else column.where(column.notna(), missing)
