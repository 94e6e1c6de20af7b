"""The hourly rows, checked and turned into numbers once for all experiments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.bandit.layout import Cell

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KEYS = ("experiment", "experiment_version", "segment_id", "context_bucket", "arm")
COUNT_COLUMNS = ("exposures", "conversions", "clicks", "complaints", "returns")
MICROS_COLUMNS = ("revenue_micros", "margin_micros", "cost_micros", "ltv_change_micros")
SQUARES = "margin_cents_squared"
MEASURES = (*COUNT_COLUMNS, *MICROS_COLUMNS, SQUARES)
MICROS, CENTS_SQUARED = 1e6, 1e4


@dataclass(frozen=True)
class Rows:
    """Rows of one experiment version; each array has shape (R,).

    Attributes:
        cell: place in `cells`.
        arm: place in `arms`.
        age: hours; 0 is the hour that ended last, or runs.
        newest: the hour of age 0, in hours since 1970.
        measures: counts, and money in currency units (squares in their square).
    """

    cell: Ints
    cells: tuple[Cell, ...]
    arm: Ints
    arms: tuple[str, ...]
    age: Ints
    newest: int
    measures: dict[str, Floats]


def by_experiment(stats: pd.DataFrame, as_of: datetime) -> dict[tuple[str, int], Rows]:
    """Rows up to `as_of`, by experiment and version.

    Raises:
        ValueError: a column is missing, a measure is no finite number, or a count is below zero.
    """
    check_columns("stats", stats, (*KEYS, "hour", *MEASURES))
    age = ages(stats["hour"], as_of)
    kept = stats.loc[age >= 0]
    measures, newest = _measures(kept), int(np.ceil(as_of.timestamp() / 3600.0)) - 1
    place, cells = _cells(kept)
    arm, names = _coded(kept["arm"])
    grouped = kept.reset_index(drop=True).groupby(["experiment", "experiment_version"], sort=True)
    age = age[age >= 0]
    return {
        (str(name), int(str(version))): _rows(
            rows.index.to_numpy(), (place, cells), (arm, names), age, newest, measures
        )
        for (name, version), rows in ((key, rows) for key, rows in grouped[["arm"]])
    }


def nothing() -> Rows:
    """Rows of an experiment that nobody has been exposed to yet."""
    none = np.zeros(0, dtype=np.int64)
    return Rows(none, (), none, (), none, 0, {name: np.zeros(0) for name in MEASURES})


def ages(hour: pd.Series, as_of: datetime) -> Ints:
    """Whole hours from the end of each hour to `as_of`; the running hour is 0 and later ones are below.

    Times without a zone are UTC: hours are counted as they pass, so nights with 23 or 25 of them need no care.
    """
    if as_of.tzinfo is None:
        raise ValueError(f"as_of is {as_of.isoformat()}, but must carry a time zone")
    moments = pd.to_datetime(hour, utc=True)
    if moments.isna().any():
        raise ValueError("stats.hour is empty in a row, but every row needs its hour")
    seconds = (pd.Timestamp(as_of) - moments).dt.total_seconds().to_numpy()
    return np.where(seconds > 0, np.ceil(seconds / 3600.0) - 1, np.where(seconds == 0, 0, -1)).astype(np.int64)


def check_columns(name: str, frame: pd.DataFrame, wanted: tuple[str, ...]) -> None:
    """Refuse a frame that lacks columns, naming them."""
    missing = [column for column in wanted if column not in frame.columns]
    if missing:
        raise ValueError(f"{name} lacks {', '.join(missing)}")


def _cells(kept: pd.DataFrame) -> tuple[Ints, list[Cell]]:
    segment, segments = pd.factorize(kept["segment_id"].to_numpy(dtype=np.int64))
    context, contexts = _coded(kept["context_bucket"])
    number, pairs = pd.factorize(segment.astype(np.int64) * max(len(contexts), 1) + context)
    width = max(len(contexts), 1)
    return number.astype(np.int64), [Cell(int(segments[pair // width]), contexts[pair % width]) for pair in pairs]


def _coded(column: pd.Series) -> tuple[Ints, list[str]]:
    """Numbers instead of texts."""
    if column.isna().any():
        raise ValueError(f"stats.{column.name} is empty in {int(column.isna().sum())} rows, but names a {column.name}")
    code, names = pd.factorize(column)
    return code.astype(np.int64), [str(name) for name in names]


def _rows(
    at: Ints,
    cell: tuple[Ints, list[Cell]],
    arm: tuple[Ints, list[str]],
    age: Ints,
    newest: int,
    measures: dict[str, Floats],
) -> Rows:
    """The rows of one experiment, with the cells and arms that it has."""
    used, cell_code = np.unique(cell[0][at], return_inverse=True)
    names, arm_code = np.unique(arm[0][at], return_inverse=True)
    return Rows(
        cell_code,
        tuple(cell[1][number] for number in used),
        arm_code,
        tuple(arm[1][number] for number in names),
        age[at],
        newest,
        {name: values[at] for name, values in measures.items()},
    )


def _measures(kept: pd.DataFrame) -> dict[str, Floats]:
    found = {}
    for name in MEASURES:
        values = kept[name].to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isfinite(values).all():
            raise ValueError(f"stats.{name} is not a number in {int((~np.isfinite(values)).sum())} rows")
        if name in (*COUNT_COLUMNS, SQUARES) and (values < 0).any():
            raise ValueError(f"stats.{name} is {values.min():g}, but must be 0 or more")
        found[name] = values
    for name in MICROS_COLUMNS:
        found[name] = found[name] / MICROS
    found[SQUARES] = found[SQUARES] / CENTS_SQUARED
    return found
