"""Scoring that a server may do while somebody waits: numpy and the model's JSON, nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# The same limit as in the fitted preprocessing; a test holds the two together.
CLIP = 4.0


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
