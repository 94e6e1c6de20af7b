"""A weighted sum of standardised columns, unknown values counting as their mean; kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# Beyond four standard deviations a value says "extreme" and no more.
CLIP = 4.0


@dataclass(frozen=True)
class Line:
    """`constant` + weights x columns; columns are brought through log(1 + x) where they are counts or amounts."""

    means: tuple[float, ...]
    scales: tuple[float, ...]
    logged: tuple[bool, ...]
    weights: tuple[float, ...] = ()
    constant: float = 0.0

    def standardised(self, matrix: Floats) -> Floats:
        """Shape as given; finite whatever the matrix holds."""
        shaped = _shaped(matrix, self.logged)
        with np.errstate(invalid="ignore"):
            scaled = (shaped - np.asarray(self.means)) / np.asarray(self.scales)
        return np.asarray(np.clip(np.nan_to_num(scaled, nan=0.0), -CLIP, CLIP), dtype=np.float64)

    def with_weights(self, weights: Floats, constant: float) -> Line:
        """The same scale, fitted."""
        return replace(self, weights=tuple(float(value) for value in weights), constant=constant)

    def apply(self, matrix: Floats) -> Floats:
        """Value a row."""
        return np.asarray(self.standardised(matrix) @ np.asarray(self.weights) + self.constant, dtype=np.float64)


def standardiser(matrix: Floats) -> Line:
    """Learn means and scales; columns that are never negative and reach beyond 1 are read as logarithms."""
    logged = tuple(bool(_least(column) >= 0 and _most(column) > 1) for column in matrix.T)
    shaped = _shaped(matrix, logged)
    means = [float(np.mean(column[np.isfinite(column)])) if np.isfinite(column).any() else 0.0 for column in shaped.T]
    spread = [float(np.std(column[np.isfinite(column)])) if np.isfinite(column).any() else 0.0 for column in shaped.T]
    return Line(tuple(means), tuple(value if value > 1e-12 else 1.0 for value in spread), logged)


def line_to_json(chances: Sequence[Line], amounts: Sequence[Line] | None) -> bytes:
    """Everything that `line_from_json` needs."""
    parts = {"chances": [asdict(line) for line in chances]}
    if amounts is not None:
        parts["amounts"] = [asdict(line) for line in amounts]
    return json.dumps(parts, sort_keys=True).encode()


def line_from_json(text: bytes) -> tuple[list[Line], list[Line] | None]:
    """Chances and amounts as they were fitted."""
    body = json.loads(text)
    read = {name: [_line(item) for item in items] for name, items in body.items()}
    return read["chances"], read.get("amounts")


def _line(item: dict[str, object]) -> Line:
    lists = {name: tuple(value) if isinstance(value, list) else value for name, value in item.items()}
    return Line(**lists)  # type: ignore[arg-type]


def _shaped(matrix: Floats, logged: Sequence[bool]) -> Floats:
    shaped = matrix.copy()
    for index, is_logged in enumerate(logged):
        if is_logged:
            shaped[:, index] = np.log1p(np.maximum(matrix[:, index], 0.0))
    return shaped


def _least(column: Floats) -> float:
    known = column[np.isfinite(column)]
    return float(known.min()) if len(known) else 0.0


def _most(column: Floats) -> float:
    known = column[np.isfinite(column)]
    return float(known.max()) if len(known) else 0.0
