"""Scoring that a server may do while somebody waits: numpy and the model's JSON, nothing else."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# The same limit as in the fitted preprocessing; a test holds the two together.
CLIP = 4.0
# exp(700) is the largest that a float holds.
LARGEST_LOGIT = 700.0


@dataclass(frozen=True)
class OnlineSegments:
    """Nearest segment of one customer, equal to the batch assignment of the same row.

    Attributes:
        names: features read, in order; shape (n,), as are `fills`, `floors`, `powers`, `means` and `scales`.
        centroids: shape (k, n).
        ids: segment id of each centroid.
    """

    names: tuple[str, ...]
    fills: Floats
    floors: Floats
    powers: Floats
    means: Floats
    scales: Floats
    centroids: Floats
    ids: tuple[int, ...]

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> OnlineSegments:
        """Read `segments.json` and `preprocess.json` of a segment model."""
        columns = json.loads(files["preprocess.json"])
        body = json.loads(files["segments.json"])
        read = {key: np.array([column[key] for column in columns]) for key in ("fill", "power", "mean", "scale")}
        return cls(
            names=tuple(column["name"] for column in columns),
            fills=read["fill"],
            floors=np.array([_floor(column.get("floor")) for column in columns]),
            powers=read["power"],
            means=read["mean"],
            scales=read["scale"],
            centroids=np.array(body["centroids"], dtype=np.float64),
            ids=tuple(body["ids"]),
        )

    def segment(self, features: Mapping[str, float | None]) -> int:
        """Segment id for the features at hand; a missing one takes its fitted fill."""
        raw = np.array([_number(features.get(name)) for name in self.names])
        known = np.maximum(np.where(np.isfinite(raw), raw, self.fills), self.floors)
        varies = self.scales > 0
        scaled = (yeo_johnson(known, self.powers) - self.means) / np.where(varies, self.scales, 1.0)
        point = np.where(varies, np.clip(np.nan_to_num(scaled), -CLIP, CLIP), 0.0)
        return self.ids[int(np.argmin(((self.centroids - point) ** 2).sum(axis=1)))]


def yeo_johnson(values: Floats, powers: Floats) -> Floats:
    """Yeo and Johnson's power transform (2000), element by element."""
    up, down = np.maximum(values, 0.0), np.maximum(-values, 0.0)
    with np.errstate(over="ignore"):
        above = _power(up, powers)
        below = -_power(down, 2.0 - powers)
    return np.where(values >= 0, above, below)


def _power(values: Floats, powers: Floats) -> Floats:
    logs = np.log1p(values)
    safe = np.where(powers == 0, 1.0, powers)
    return np.where(powers == 0, logs, np.expm1(safe * logs) / safe)


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _floor(value: float | None) -> float:
    return -np.inf if value is None else float(value)


@dataclass(frozen=True)
class VisitScore:
    """A probability out of points for bands of a visit's features: no arrays, no dependence on the order of events.

    Values are those the session reducer reads: whole numbers, decimals in parts of 1/10,000, texts, yes or no; None is
    unknown.

    Attributes:
        bands: feature → rising bounds, points of each band (one more than bounds), points when unknown.
        words: feature → points by word, points of any other word, points when unknown.
    """

    constant: float
    bands: tuple[tuple[str, tuple[int, ...], tuple[float, ...], float], ...]
    words: tuple[tuple[str, Mapping[str, float], float, float], ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Features read, in order."""
        return tuple(part[0] for part in self.bands) + tuple(part[0] for part in self.words)

    def probability(self, values: Mapping[str, Any]) -> float:
        """The score of one visit at one moment, 0 to 1."""
        total = self.constant
        for name, bounds, points, unknown in self.bands:
            value = values.get(name)
            total += unknown if value is None else points[bisect_right(bounds, value)]
        for name, by_word, other, unknown in self.words:
            word = values.get(name)
            total += unknown if word is None else by_word.get(word, other)
        return 1.0 / (1.0 + exp(-total)) if total > -LARGEST_LOGIT else 0.0

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"constant": self.constant, "bands": self.bands, "words": self.words}

    @classmethod
    def from_document(cls, body: Mapping[str, Any]) -> VisitScore:
        """What `document` gave."""
        return cls(
            constant=float(body["constant"]),
            bands=tuple((n, tuple(bounds), tuple(points), unknown) for n, bounds, points, unknown in body["bands"]),
            words=tuple((n, dict(by_word), other, unknown) for n, by_word, other, unknown in body["words"]),
        )
