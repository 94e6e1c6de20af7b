"""The draws of an adaptive experiment by stratum, batch and arm, checked and laid out as tables."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
COLUMNS = ("stratum", "batch", "arm", "propensity", "n", "total", "squares")
# Published probabilities carry 1e-9; rows that miss an arm miss more than this.
SUM_TOLERANCE = 1e-6


class Batches(NamedTuple):
    """One row a stratum and batch, in order of the batch; one column an arm.

    Attributes:
        arms: names of the columns.
        strata: number of each row's stratum.
        periods: number of each row's batch, the same for all strata.
        propensity: probability of each arm.
        n: units drawn to it.
        total: sum of their outcomes.
        squares: sum of their squared outcomes.
    """

    arms: list[str]
    strata: npt.NDArray[np.int64]
    periods: npt.NDArray[np.int64]
    propensity: Floats
    n: Floats
    total: Floats
    squares: Floats


def batches_of(frame: pd.DataFrame) -> Batches:
    """Lay out and check a frame of stratum, batch, arm, propensity, n, total, squares.

    Raises:
        ValueError: a column missing, a value that is null or out of its bounds, an arm twice in a batch, propensities
            of a batch that do not add up to 1 (arms without units must be there too), or units at propensity 0.
    """
    for name in COLUMNS:
        if name not in frame.columns:
            raise ValueError(f"{name}: not a column of the frame ({', '.join(map(str, frame.columns))})")
    if not len(frame):
        raise ValueError("frame: 0 rows; at least 1 batch is needed")
    _check(frame)
    grouped = frame.groupby(["batch", "stratum"], sort=True, observed=True)
    rows, order = grouped.ngroup().to_numpy(), grouped.size().index
    arms = sorted(frame["arm"].astype(str).unique())
    columns = frame["arm"].astype(str).map({arm: at for at, arm in enumerate(arms)}).to_numpy()
    if len(np.unique(rows * len(arms) + columns)) < len(frame):
        raise ValueError("arm: twice in one batch of a stratum; one row each is needed")
    tables = {name: np.zeros((len(order), len(arms))) for name in COLUMNS[3:]}
    for name, table in tables.items():
        table[rows, columns] = frame[name].to_numpy(dtype=np.float64)
    _adds_up(tables["propensity"].sum(axis=1), order)
    periods, strata = (pd.factorize(order.get_level_values(level), sort=True)[0] for level in ("batch", "stratum"))
    return Batches(arms, strata.astype(np.int64), periods.astype(np.int64), **tables)


def _adds_up(sums: Floats, order: pd.Index) -> None:
    off = int(np.argmax(np.abs(sums - 1)))
    if abs(sums[off] - 1) > SUM_TOLERANCE:
        raise ValueError(
            f"propensity: adds up to {sums[off]:.6g} in batch, stratum {order[off]}; 1 is needed "
            "(arms that got no unit belong there too)"
        )


def _check(frame: pd.DataFrame) -> None:
    for name in ("stratum", "batch", "arm"):
        if frame[name].isna().any():
            raise ValueError(f"{name}: null in {int(frame[name].isna().sum())} rows; a value is needed")
    for name in COLUMNS[3:]:
        column = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isfinite(column).all():
            raise ValueError(f"{name}: {int((~np.isfinite(column)).sum())} values are not finite numbers")
        if name != "total" and (column < 0).any():
            raise ValueError(f"{name}: {column.min():g}; at least 0 is needed")
    n, p = frame["n"].to_numpy(dtype=np.float64), frame["propensity"].to_numpy(dtype=np.float64)
    if (p > 1 + SUM_TOLERANCE).any():
        raise ValueError(f"propensity: {p.max():g}; at most 1 is needed")
    if ((p == 0) & (n > 0)).any():
        raise ValueError(f"propensity: 0 with {n[p == 0].max():g} units; what was drawn had a chance above 0")
    total, squares = frame["total"].to_numpy(dtype=np.float64), frame["squares"].to_numpy(dtype=np.float64)
    if (total**2 > n * squares * (1 + 1e-9) + 1e-300).any():
        raise ValueError("squares: too small for n and total; the sum of squared outcomes is needed")
