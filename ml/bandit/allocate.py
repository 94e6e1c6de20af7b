"""The shares of the next hour: one row an experiment, cell and arm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.bandit.delay import arrived_share, pooled_rates
from ml.bandit.floor import with_floor
from ml.bandit.layout import Cell
from ml.bandit.panel import exposures_by_age
from ml.bandit.roster import Roster, rosters
from ml.bandit.rows import Rows, by_experiment, check_columns, nothing
from ml.bandit.settings import BanditSettings
from ml.bandit.shares import Key, Shares, shares_of

Floats = npt.NDArray[np.float64]
# Delays and exposures beyond three years are of no use to a curve.
LONGEST_HISTORY = 24 * 366 * 3

COLUMNS = (
    "experiment",
    "experiment_version",
    "segment_id",
    "context_bucket",
    "arm",
    "probability",
    "weight",
    "basis",
    "n",
)


def allocate(
    stats: pd.DataFrame,
    delay: pd.DataFrame,
    arms: pd.DataFrame,
    settings: BanditSettings | Mapping[str, BanditSettings],
    as_of: datetime,
    cells: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Probabilities of every arm for the hour after `as_of`, by experiment, segment and context.

    Two-part hierarchical Thompson sampling: the chance of a conversion and what a conversion brings are pooled over
    cells as far as cells resemble each other, the arm's known cost is taken off, and an arm's share is the
    probability that it is the best of its cell. The same input gives the same output to the byte, in any row order.

    Args:
        stats: columns of `marts.arm_stats`, an hour of an arm in a cell a row; absent hours had no exposures.
        delay: columns of `marts.conversion_delay`: experiment, delay_hour, conversions; may be empty.
        arms: experiment, experiment_version, arm of the registry now, with optional is_paused, fixed_share (null where
            the share is learned; the plain arm has one) and exposure_cost_micros (of an impression, beyond the margin).
        settings: of all experiments, or by name.
        as_of: with time zone; rows of later hours are not looked at.
        cells: experiment, experiment_version, segment_id, context_bucket that need shares before they have exposures.

    Returns:
        `COLUMNS`: `probability` sums to 1 in a cell; `weight` is the share before floor and fixed arms; `n` the
        exposures used. Paused arms have probability 0; cell (-1, 'any') is everybody.

    Raises:
        ValueError: a column, number or setting that cannot be meant, by name.
    """
    found, wanted = by_experiment(stats, as_of), _cells(cells)
    curves, at_risk, pooled = _curves(delay, found)
    rows: list[dict[str, object]] = []
    for key, roster in rosters(arms).items():
        chosen = _settings(settings, key[0])
        history = found.get(key, nothing())
        # Delays are counted over all versions of an experiment, and so is what was at risk.
        arrived = arrived_share(curves.get(key[0], np.zeros(0)), at_risk.get(key[0], np.zeros(0)), pooled)
        shares = shares_of(key, roster, history, arrived, wanted.get(key, []), chosen, as_of)
        rows.extend(_rows(key, roster, shares, chosen.floor))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"probability": float, "weight": float, "n": "int64"})


def _rows(key: Key, roster: Roster, shares: Shares, floor: float) -> list[dict[str, object]]:
    """Published rows of one experiment, cell by cell, arms by name."""
    free = 1.0 - sum(roster.fixed.values()) if roster.learned else 1.0
    names = tuple(sorted({*roster.learned, *roster.fixed, *roster.paused}))
    rows: list[dict[str, object]] = []
    for cell, weights in zip(shares.cells, shares.weights, strict=True):
        chances = _chances(roster, weights, free, floor)
        if not chances:
            continue
        own = dict(zip(roster.learned, map(float, weights), strict=True))
        rows.extend(
            {
                **dict(zip(COLUMNS[:4], (*key, *cell), strict=True)),
                "arm": name,
                "probability": chances.get(name, 0.0),
                "weight": own.get(name, 0.0),
                "basis": _basis(roster, name, shares.basis),
                "n": shares.used.get((cell, name), 0),
            }
            for name in names
        )
    return rows


def _chances(roster: Roster, weights: Floats, free: float, floor: float) -> dict[str, float]:
    """Probability of each arm that is not paused; they sum to one. Without a learned arm the fixed ones share all."""
    if roster.learned:
        learned = free * with_floor(weights, floor)
        return {**roster.fixed, **dict(zip(roster.learned, map(float, learned), strict=True))}
    total = sum(roster.fixed.values())
    return {name: share / total for name, share in roster.fixed.items()} if total > 0 else {}


def _basis(roster: Roster, name: str, basis: str) -> str:
    if name in roster.paused:
        return "paused"
    return "fixed share" if name in roster.fixed else basis


def _settings(settings: BanditSettings | Mapping[str, BanditSettings], experiment: str) -> BanditSettings:
    if isinstance(settings, BanditSettings):
        return settings
    if experiment not in settings:
        raise ValueError(f"settings has no {experiment!r}, but every experiment of arms needs its own")
    return settings[experiment]


def _cells(cells: pd.DataFrame | None) -> dict[Key, list[Cell]]:
    if cells is None:
        return {}
    check_columns("cells", cells, ("experiment", "experiment_version", "segment_id", "context_bucket"))
    wanted: dict[Key, list[Cell]] = {}
    for name, version, segment, context in cells[list(COLUMNS[:4])].itertuples(index=False):
        wanted.setdefault((str(name), int(version)), []).append(Cell(int(segment), str(context)))
    return wanted


def _curves(delay: pd.DataFrame, found: Mapping[Key, Rows]) -> tuple[dict[str, Floats], dict[str, Floats], Floats]:
    """Conversions by delay and exposures by age of each experiment, and the curve of all that young ones lean on."""
    check_columns("delay", delay, ("experiment", "delay_hour", "conversions"))
    exposed: dict[str, Floats] = {}
    for (name, _), rows in found.items():
        shown = exposures_by_age(rows, LONGEST_HISTORY)
        longer, shorter = sorted((shown, exposed.get(name, np.zeros(0))), key=len, reverse=True)
        exposed[name] = longer + np.pad(shorter, (0, longer.size - shorter.size))
    curves = {str(name): _curve(str(name), rows) for name, rows in delay.groupby("experiment", sort=True)}
    both = sorted(curves.keys() & exposed.keys())
    return curves, exposed, pooled_rates([curves[name] for name in both], [exposed[name] for name in both])


def _curve(name: str, rows: pd.DataFrame) -> Floats:
    hours, conversions = rows["delay_hour"].to_numpy(dtype=np.int64), rows["conversions"].to_numpy(dtype=np.float64)
    if hours.min() < 0 or conversions.min() < 0:
        raise ValueError(f"delay of {name} has a negative delay_hour or conversions, but both must be 0 or more")
    return np.bincount(np.minimum(hours, LONGEST_HISTORY), weights=conversions).astype(np.float64)
