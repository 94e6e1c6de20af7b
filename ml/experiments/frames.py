"""Sufficient statistics by arm from a frame with one row a unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.experiments.cuped import Adjusted, AdjustedRatio
from ml.experiments.means import Mean
from ml.experiments.proportions import Proportion
from ml.experiments.ratios import Ratio

Floats = npt.NDArray[np.float64]
UPPER = np.triu_indices(4)


def means(frame: pd.DataFrame, value: str, *, arm: str = "arm") -> dict[str, Mean]:
    """Count, sum and sum of squares of a column by arm.

    Raises:
        ValueError: a column that is not there, an arm that is null, or values that are null or not finite.
    """
    return {
        name: Mean(len(rows), float(rows.sum()), float(np.square(rows).sum()))
        for name, (rows,) in _by_arm(frame, arm, [value]).items()
    }


def proportions(frame: pd.DataFrame, value: str, *, arm: str = "arm") -> dict[str, Proportion]:
    """Units and those with a yes; the column is boolean, or 0 and 1.

    Raises:
        ValueError: as `means`, or a value other than 0 and 1.
    """
    found = {}
    for name, (rows,) in _by_arm(frame, arm, [value]).items():
        strange = rows[(rows != 0) & (rows != 1)]
        if len(strange):
            raise ValueError(f"{value}: {strange[0]:g} in {len(strange)} rows of arm {name!r}; 0 or 1 is needed")
        found[name] = Proportion(len(rows), int(rows.sum()))
    return found


def ratios(frame: pd.DataFrame, numerator: str, denominator: str, *, arm: str = "arm") -> dict[str, Ratio]:
    """Sums for the ratio of two columns by arm; ValueError as `means`."""
    return {
        name: _ratio(above, below) for name, (above, below) in _by_arm(frame, arm, [numerator, denominator]).items()
    }


def clustered(
    frame: pd.DataFrame, cluster: str, value: str, denominator: str | None = None, *, arm: str = "arm"
) -> dict[str, Ratio]:
    """Rows summed by cluster first, so that intervals hold however alike the rows of a cluster are.

    Args:
        frame: one row an observation (a session of a person).
        cluster: column of what was assigned (the person).
        value: column of the numerator.
        denominator: column of the denominator; none counts rows, which gives the mean per row.
        arm: column of the arm.

    Raises:
        ValueError: as `means`, a cluster that is null, or one seen in two arms.
    """
    _columns_there(frame, [arm, cluster, value])
    if frame[cluster].isna().any():
        raise ValueError(f"{cluster}: null in {int(frame[cluster].isna().sum())} rows; each row needs its cluster")
    below = denominator or "__rows"
    rows = frame if denominator else frame.assign(__rows=1.0)
    _by_arm(rows, arm, [value, below])
    rows = rows.assign(**{name: _finite(rows, name) for name in (value, below)})
    sums = rows.groupby([cluster, arm], sort=True, observed=True)[[value, below]].sum().reset_index()
    twice = int(sums[cluster].duplicated().sum())
    if twice:
        raise ValueError(f"{cluster}: {twice} clusters with rows in two arms; a cluster belongs to one")
    return ratios(sums, value, below, arm=arm)


def adjusted(frame: pd.DataFrame, value: str, covariate: str, *, arm: str = "arm") -> dict[str, Adjusted]:
    """Sums of a column and its covariate from before the exposure by arm; ValueError as `means`."""
    found = {}
    for name, (after, before) in _by_arm(frame, arm, [value, covariate]).items():
        r = _ratio(after, before)
        found[name] = Adjusted(r.n, r.numerator, r.numerator_squares, r.denominator, r.denominator_squares, r.products)
    return found


def adjusted_ratios(
    frame: pd.DataFrame,
    numerator: str,
    denominator: str,
    numerator_before: str,
    denominator_before: str,
    *,
    arm: str = "arm",
) -> dict[str, AdjustedRatio]:
    """Sums of a ratio and the same ratio from before the exposure by arm; ValueError as `means`."""
    names = [numerator, denominator, numerator_before, denominator_before]
    found = {}
    for name, columns in _by_arm(frame, arm, names).items():
        table = np.column_stack(columns)
        first, second, third, fourth = (float(total) for total in table.sum(axis=0))
        products = tuple(float(product) for product in (table.T @ table)[UPPER])
        found[name] = AdjustedRatio(len(table), (first, second, third, fourth), products)
    return found


def _ratio(above: Floats, below: Floats) -> Ratio:
    return Ratio(
        len(above),
        float(above.sum()),
        float(below.sum()),
        float(np.square(above).sum()),
        float(np.square(below).sum()),
        float((above * below).sum()),
    )


def _by_arm(frame: pd.DataFrame, arm: str, names: Sequence[str]) -> dict[str, list[Floats]]:
    """The columns of each arm as floats, arms in order of their names."""
    _columns_there(frame, [arm, *names])
    missing = int(frame[arm].isna().sum())
    if missing:
        raise ValueError(f"{arm}: null in {missing} rows; each unit needs its arm")
    columns = [_finite(frame, name) for name in names]
    places = frame.groupby(frame[arm].astype(str), sort=True).indices
    return {str(name): [column[place] for column in columns] for name, place in places.items()}


def _columns_there(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise ValueError(f"{name}: not a column of the frame ({', '.join(map(str, frame.columns))})")


def _finite(frame: pd.DataFrame, name: str) -> Floats:
    column = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    strange = ~np.isfinite(column)
    if strange.any():
        first = frame[name].iloc[int(np.argmax(strange))]
        raise ValueError(f"{name}: {first} in {int(strange.sum())} of {len(column)} rows; finite numbers are needed")
    return column
