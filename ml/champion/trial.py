"""A later period on which two versions of a model are compared row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


class Twin(NamedTuple):
    """The model that was taught by earlier cut-offs alone, and what it was judged on.

    The served model is refitted on all cut-offs, the judging one included; only the twin says how good it is, and only
    the twins of two versions can be compared on a period that neither has seen.

    Attributes:
        model: of the served model's type.
        rows: the judging rows, as the model's `predict` reads them.
        truth: shape (rows,).
        guesses: competitor → what it says of each row; `model` is the twin.
    """

    model: Any
    rows: Any
    truth: Floats
    guesses: Mapping[str, Floats]


@dataclass(frozen=True)
class Measure:
    """A figure of guesses against the truth; `rises` where more is better.

    `figure` may raise ValueError where rows cannot tell (one class only): such a resample is left out.
    """

    name: str
    figure: Callable[[Floats, Floats], float]
    rises: bool


@dataclass(frozen=True)
class Trial:
    """What was just trained, on its judging rows, and how to score an older version there.

    Attributes:
        measures: by which versions are compared.
        truth: shape (rows,).
        guess: shape (rows, k): what the new twin says.
        rescore: files of an older twin → the same shape; raises where that version cannot read these rows.
        segment: of each row, for the guard that no segment gets worse; negative: in none.
    """

    measures: Sequence[Measure]
    truth: Floats
    guess: Floats
    rescore: Callable[[Mapping[str, bytes]], Floats]
    segment: Labels


def column(values: npt.ArrayLike) -> Floats:
    """Shape (rows, 1)."""
    return np.asarray(values, dtype=np.float64).reshape(-1, 1)


def nowhere(rows: int) -> Labels:
    """No segments."""
    return np.full(rows, -1, dtype=np.int64)
