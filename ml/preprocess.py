"""Columns made comparable: fitted once, kept as JSON with the model, never refitted at scoring."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import yeojohnson, yeojohnson_normmax

from ml.errors import NotTrainable

Floats = npt.NDArray[np.float64]
# Beyond 4 standard deviations a value says "extreme" and no more: one spender may not own a cluster.
CLIP = 4.0


@dataclass(frozen=True)
class ColumnScale:
    """How one column is read: missing → `fill`, Yeo-Johnson with `power`, then centred, scaled and clipped.

    `scale` is 0 for a column that was constant when fitted; it then contributes nothing.
    """

    name: str
    fill: float
    power: float
    mean: float
    scale: float

    def apply(self, values: Floats) -> Floats:
        """Transform one column; a row's result does not depend on the other rows."""
        if self.scale == 0.0:
            return np.zeros(len(values), dtype=np.float64)
        known = np.where(np.isfinite(values), values, self.fill)
        shaped = np.asarray(yeojohnson(known, lmbda=self.power), dtype=np.float64)
        return np.clip(np.nan_to_num((shaped - self.mean) / self.scale), -CLIP, CLIP)


@dataclass(frozen=True)
class Preprocessor:
    """The fitted columns, in order."""

    columns: tuple[ColumnScale, ...]

    @classmethod
    def fit(cls, frame: pd.DataFrame, names: Sequence[str]) -> Preprocessor:
        """Learn fills, powers and scales from `frame`.

        Raises:
            NotTrainable: the frame is empty, or no column varies.
        """
        if frame.empty:
            raise NotTrainable("features: 0 rows; at least 1 is needed to fit the preprocessing")
        fitted = cls(tuple(_fit_column(name, numbers(frame, [name])[:, 0]) for name in names))
        if not any(column.scale for column in fitted.columns):
            raise NotTrainable(f"features: none of the {len(names)} columns varies")
        return fitted

    @property
    def names(self) -> tuple[str, ...]:
        """Columns read, in order."""
        return tuple(column.name for column in self.columns)

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Shape (rows, columns), finite whatever the input holds."""
        raw = numbers(frame, self.names)
        return np.column_stack([column.apply(raw[:, index]) for index, column in enumerate(self.columns)])

    def to_json(self) -> str:
        """Everything that `from_json` needs."""
        return json.dumps([asdict(column) for column in self.columns], indent=1)

    @classmethod
    def from_json(cls, text: str) -> Preprocessor:
        """The preprocessing as it was fitted."""
        return cls(tuple(ColumnScale(**column) for column in json.loads(text)))


def numbers(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Columns as floats, shape (rows, columns): decimals, booleans and nulls included; nulls become NaN.

    Raises:
        ValueError: a column is missing or is not numeric.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ValueError(f"features.{missing[0]}: the column is missing")
    matrix = np.empty((len(frame), len(names)), dtype=np.float64)
    for index, name in enumerate(names):
        try:
            matrix[:, index] = pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise ValueError(f"features.{name}: {frame[name].dtype} does not read as a number") from error
    matrix[~np.isfinite(matrix)] = np.nan
    return matrix


def _fit_column(name: str, values: Floats) -> ColumnScale:
    known = values[np.isfinite(values)]
    if len(known) == 0 or np.ptp(known) == 0:
        return ColumnScale(name, float(known[0]) if len(known) else 0.0, 1.0, 0.0, 0.0)
    fill = float(np.median(known))
    filled = np.where(np.isfinite(values), values, fill)
    # Powers outside [-2, 2] turn a handful of outliers into the whole scale.
    power = float(np.clip(yeojohnson_normmax(filled), -2.0, 2.0))
    shaped = np.asarray(yeojohnson(filled, lmbda=power), dtype=np.float64)
    spread = float(shaped.std())
    return ColumnScale(name, fill, power, float(shaped.mean()), spread if np.isfinite(spread) else 0.0)
