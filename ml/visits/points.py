"""Points for bands of features: a penalised logit over which band each value lies in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

from ml.calibration import PlattCurve, fit_platt
from ml.online import VisitScore

Floats = npt.NDArray[np.float64]
Bounds = list[int]
# Six bands bend as much as counts of a visit can tell; a band or word of fewer rows is luck.
BANDS: Final = 6
LEAST_ROWS: Final = 50
MOST_WORDS: Final = 8
PENALTY: Final = 10.0


def fit_points(rows: pd.DataFrame, numbers: Sequence[str], texts: Sequence[str], label: Floats) -> VisitScore:
    """Fit on rows as the session reducer reads them.

    Args:
        rows: numbers as whole numbers or yes and no, texts; null is unknown.
        label: 0 or 1 of each row.
    """
    bounds = {name: _bounds(rows[name]) for name in numbers}
    words = {name: _words(rows[name]) for name in texts}
    codes = [_band_codes(rows[name], bounds[name]) for name in numbers]
    codes += [_word_codes(rows[name], words[name]) for name in texts]
    sizes = [len(bounds[name]) + 2 for name in numbers] + [len(words[name]) + 2 for name in texts]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    design = np.zeros((len(rows), int(starts[-1])))
    for code, start in zip(codes, starts, strict=False):
        design[np.arange(len(rows)), start + code] = 1.0
    fitted = LogisticRegression(C=1.0 / PENALTY, solver="newton-cholesky", max_iter=100).fit(design, label)
    points = [[float(value) for value in fitted.coef_[0][a:b]] for a, b in pairwise(starts)]
    of_numbers, of_texts = points[: len(numbers)], points[len(numbers) :]
    return VisitScore(
        constant=float(fitted.intercept_[0]),
        bands=tuple(
            (name, tuple(bounds[name]), tuple(own[:-1]), own[-1]) for name, own in zip(numbers, of_numbers, strict=True)
        ),
        words=tuple(
            (name, dict(zip(words[name], own, strict=False)), own[-2], own[-1])
            for name, own in zip(texts, of_texts, strict=True)
        ),
    )


def probabilities(score: VisitScore, rows: pd.DataFrame) -> Floats:
    """The scores of many visits at once; equal to `VisitScore.probability` of each row."""
    total = np.full(len(rows), score.constant)
    for name, bounds, points, unknown in score.bands:
        total += np.asarray([*points, unknown])[_band_codes(rows[name], list(bounds))]
    for name, by_word, other, unknown in score.words:
        total += np.asarray([*by_word.values(), other, unknown])[_word_codes(rows[name], list(by_word))]
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(total, -700, 700))), dtype=np.float64)


def calibrated(score: VisitScore, rows: pd.DataFrame, label: Floats) -> VisitScore:
    """Slope and shift of a Platt curve over these rows, folded into the points."""
    curve: PlattCurve = fit_platt(probabilities(score, rows), label)
    by = curve.slope
    return VisitScore(
        constant=score.constant * by + curve.shift,
        bands=tuple((n, bounds, tuple(p * by for p in points), u * by) for n, bounds, points, u in score.bands),
        words=tuple((n, {w: p * by for w, p in words.items()}, o * by, u * by) for n, words, o, u in score.words),
    )


def _bounds(values: pd.Series) -> Bounds:
    """Lower ends of the bands after the first, each band with enough rows."""
    known = np.sort(values.dropna().to_numpy(dtype=np.int64))
    if len(known) < 2 * LEAST_ROWS:
        return []
    places = np.linspace(0, len(known) - 1, BANDS + 1)[1:-1].round().astype(np.int64)
    found: Bounds = []
    for bound in sorted({int(known[place]) for place in places} | {int(known[0]) + 1}):
        below = int(np.searchsorted(known, bound)) - int(np.searchsorted(known, found[-1] if found else known[0]))
        if below >= LEAST_ROWS and len(known) - np.searchsorted(known, bound) >= LEAST_ROWS:
            found.append(bound)
    return found


def _words(values: pd.Series) -> list[str]:
    counts = values.dropna().astype(str).value_counts()
    common = counts[counts >= LEAST_ROWS]
    return sorted(common.index, key=lambda word: (-int(common[word]), word))[:MOST_WORDS]


def _band_codes(values: pd.Series, bounds: Bounds) -> npt.NDArray[np.int64]:
    known = values.notna().to_numpy()
    filled = np.asarray(values.fillna(0), dtype=np.int64)
    return np.where(known, np.searchsorted(bounds, filled, side="right"), len(bounds) + 1).astype(np.int64)


def _word_codes(values: pd.Series, words: Sequence[str]) -> npt.NDArray[np.int64]:
    places = {word: place for place, word in enumerate(words)}
    known = values.notna().to_numpy()
    found = np.asarray([places.get(word, len(words)) for word in values], dtype=np.int64)
    return np.where(known, found, len(words) + 1).astype(np.int64)
