"""Columns made comparable: fitted once, kept as JSON with the model, never refitted at scoring."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import yeojohnson, yeojohnson_normmax

from ml.errors import NotTrainable

Floats = npt.NDArray[np.float64]
Transform = Literal["log", "yeo_johnson"]
TRANSFORMS: Final[tuple[str, ...]] = get_args(Transform)
NO_FLOORS: Final[Mapping[str, float]] = MappingProxyType({})
# Beyond 4 standard deviations a value says "extreme" and no more: one spender may not own a cluster.
CLIP = 4.0


@dataclass(frozen=True)
class ColumnScale:
    """How one column is read: missing → `fill`, at least `floor`, Yeo-Johnson with `power`, centred, scaled, clipped.

    `scale` is 0 for a column that was constant when fitted; it then contributes nothing. Yeo-Johnson with power 0 is
    log(1 + x) for everything that is not negative.
    """

    name: str
    fill: float
    power: float
    mean: float
    scale: float
    floor: float | None = None

    def apply(self, values: Floats) -> Floats:
        """Transform one column; a row's result does not depend on the other rows."""
        if self.scale == 0.0:
            return np.zeros(len(values), dtype=np.float64)
        known = _at_least(np.where(np.isfinite(values), values, self.fill), self.floor)
        shaped = np.asarray(yeojohnson(known, lmbda=self.power), dtype=np.float64)
        return np.clip(np.nan_to_num((shaped - self.mean) / self.scale), -CLIP, CLIP)


@dataclass(frozen=True)
class Preprocessor:
    """The fitted columns, in order."""

    columns: tuple[ColumnScale, ...]

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        names: Sequence[str],
        *,
        transform: Transform = "yeo_johnson",
        floors: Mapping[str, float] = NO_FLOORS,
    ) -> Preprocessor:
        """Learn fills, powers and scales from `frame`.

        Args:
            frame: one row a customer.
            names: numeric columns to read.
            transform: `yeo_johnson` (a power for each column) or `log` (power 0 for all).
            floors: column → value below which differences say nothing, in the column's unit.

        Raises:
            NotTrainable: the frame is empty, or no column varies.
        """
        if frame.empty:
            raise NotTrainable("features: 0 rows; at least 1 is needed to fit the preprocessing")
        fixed = 0.0 if transform == "log" else None
        fitted = cls(tuple(_fit_column(name, numbers(frame, [name])[:, 0], fixed, floors.get(name)) for name in names))
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


def _fit_column(name: str, values: Floats, power: float | None, floor: float | None) -> ColumnScale:
    known = values[np.isfinite(values)]
    fill = float(np.median(known)) if len(known) else 0.0
    filled = _at_least(np.where(np.isfinite(values), values, fill), floor)
    if len(known) == 0 or np.ptp(_at_least(known, floor)) == 0:
        return ColumnScale(name, fill, 1.0, 0.0, 0.0, floor)
    # Powers outside [-2, 2] turn a handful of outliers into the whole scale.
    chosen = float(np.clip(yeojohnson_normmax(filled), -2.0, 2.0)) if power is None else power
    shaped = np.asarray(yeojohnson(filled, lmbda=chosen), dtype=np.float64)
    spread = float(shaped.std())
    return ColumnScale(name, fill, chosen, float(shaped.mean()), spread if np.isfinite(spread) else 0.0, floor)


def _at_least(values: Floats, floor: float | None) -> Floats:
    return values if floor is None else np.maximum(values, floor)
