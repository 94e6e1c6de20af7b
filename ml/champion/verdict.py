"""Paired bootstrap of two versions on the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.champion.trial import Floats, Measure, Trial

RESAMPLES: Final = 200
# Rows a resample: beyond it the spread is that of so many rows, narrowed by the root (m out of n bootstrap).
MOST_ROWS: Final = 20_000
# A segment of fewer rows says nothing beyond noise.
LEAST_SEGMENT: Final = 100
# Below so many resamples that can tell, there is no interval.
LEAST_RESAMPLES: Final = 50
Rows = npt.NDArray[np.int64]


class Gain(NamedTuple):
    """How much better the challenger is by one measure, in its unit: above 0 is better, whichever way it runs.

    Attributes:
        champion, challenger: the figures themselves.
        low, high: 95 % interval of the gain.
        segment: the segment it is about; None: everybody.
    """

    measure: str
    champion: float
    challenger: float
    gain: float
    low: float
    high: float
    segment: int | None = None

    @property
    def is_better(self) -> bool:
        """Beyond noise."""
        return self.low > 0

    @property
    def is_worse(self) -> bool:
        """Beyond noise."""
        return self.high < 0

    def said(self) -> str:
        """The gain in words."""
        where = "" if self.segment is None else f" in segment {self.segment}"
        return (
            f"{self.measure}{where} {self.challenger:.4g} against {self.champion:.4g} "
            f"(gain {self.gain:+.2g}, 95 % {self.low:+.2g} to {self.high:+.2g})"
        )


@dataclass(frozen=True)
class Verdict:
    """All gains: over everybody, and of every segment large enough."""

    overall: tuple[Gain, ...]
    segments: tuple[Gain, ...]

    @property
    def better(self) -> tuple[Gain, ...]:
        """Measures that got better beyond noise."""
        return tuple(gain for gain in self.overall if gain.is_better)

    @property
    def worse(self) -> tuple[Gain, ...]:
        """Measures that got worse beyond noise."""
        return tuple(gain for gain in self.overall if gain.is_worse)

    def worse_segments(self, margin: float) -> tuple[Gain, ...]:
        """Segments that got worse beyond noise, and by more than `margin` of the champion's figure."""
        return tuple(gain for gain in self.segments if gain.is_worse and -gain.gain > margin * abs(gain.champion))


def paired(trial: Trial, champion: Floats, seed: int) -> Verdict:
    """Compare on resampled rows, the same for both versions.

    Args:
        trial: truth, the challenger's guesses, measures and segments.
        champion: the champion's guesses on the same rows.
        seed: of the resamples.

    Raises:
        ValueError: the shapes differ, or a guess is missing where the challenger's is not.
    """
    if champion.shape != trial.guess.shape:
        raise ValueError(f"guesses of shapes {champion.shape} and {trial.guess.shape}; one shape is needed")
    if not np.array_equal(np.isnan(champion), np.isnan(trial.guess)):
        raise ValueError("guesses: one version has none where the other has")
    everybody = np.arange(len(trial.truth))
    overall = _gains(trial, champion, everybody, seed, None)
    found = [
        gain
        for segment in np.unique(trial.segment[trial.segment >= 0])
        for rows in [everybody[trial.segment == segment]]
        if len(rows) >= LEAST_SEGMENT
        for gain in _gains(trial, champion, rows, seed, int(segment))
    ]
    return Verdict(tuple(overall), tuple(found))


def _gains(trial: Trial, champion: Floats, rows: Rows, seed: int, segment: int | None) -> list[Gain]:
    found = []
    for measure in trial.measures:
        gain = _gain(measure, (trial.truth[rows], champion[rows], trial.guess[rows]), seed, segment)
        if gain is not None:
            found.append(gain)
    return found


def _gain(measure: Measure, values: tuple[Floats, Floats, Floats], seed: int, segment: int | None) -> Gain | None:
    truth, old, new = values
    sign = 1.0 if measure.rises else -1.0
    try:
        champion, challenger = measure.figure(truth, old), measure.figure(truth, new)
    except ValueError:
        return None
    gain = sign * (challenger - champion)
    if np.array_equal(old, new, equal_nan=True):
        return Gain(measure.name, champion, challenger, 0.0, 0.0, 0.0, segment)
    drawn = []
    for some in resamples(len(truth), seed):
        try:
            drawn.append(sign * (measure.figure(truth[some], new[some]) - measure.figure(truth[some], old[some])))
        except ValueError:
            continue
    if len(drawn) < LEAST_RESAMPLES:
        return None
    low, high = spread(np.array(drawn), gain, len(truth))
    return Gain(measure.name, champion, challenger, gain, low, high, segment)


def resamples(rows: int, seed: int, times: int = RESAMPLES) -> Iterator[Rows]:
    """Row numbers of each bootstrap sample."""
    random = np.random.default_rng(seed)
    for _ in range(times):
        yield random.integers(rows, size=min(rows, MOST_ROWS))


def spread(drawn: Floats, figure: float, rows: int) -> tuple[float, float]:
    """95 % interval around `figure` from resampled figures, narrowed where resamples hold fewer rows than there are."""
    shrink = float(np.sqrt(min(rows, MOST_ROWS) / rows))
    low, high = np.percentile(drawn, [2.5, 97.5])
    if shrink == 1.0:
        return float(low), float(high)
    middle = float(drawn.mean())
    return figure + shrink * (float(low) - middle), figure + shrink * (float(high) - middle)
