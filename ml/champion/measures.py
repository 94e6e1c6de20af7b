"""By what versions of each kind of model are compared, and the trial of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from ml.champion.trial import Floats, Labels, Measure, Trial, Twin, column
from ml.evaluation import brier, decile_error, normalised_gini, roc_auc

Scorer = Callable[[Any, Any], Floats]


def first(figure: Callable[[Floats, Floats], float]) -> Callable[[Floats, Floats], float]:
    """A figure of the first column of the guesses."""
    return lambda truth, guess: figure(truth, guess[:, 0])


def mean_of(place: int) -> Callable[[Floats, Floats], float]:
    """Mean of a column that holds a score a row already; rows without one are left out.

    The figure raises ValueError where no row has one.
    """

    def figure(_truth: Floats, guess: Floats) -> float:
        known = guess[:, place][~np.isnan(guess[:, place])]
        if not len(known):
            raise ValueError("guesses: no row has a score")
        return float(known.mean())

    return figure


CHURN: Final = (Measure("ROC-AUC", first(roc_auc), True), Measure("Brier", first(brier), False))
VALUE: Final = (
    Measure("normalised Gini", first(normalised_gini), True),
    Measure("decile error", first(decile_error), False),
)
WINDOW: Final = (Measure("interval score", mean_of(0), False), Measure("Brier of none", mean_of(1), False))
CATEGORY: Final = (Measure("top-3 hits", mean_of(0), True), Measure("top-1 hits", mean_of(1), True))
PRICE: Final = (
    Measure("absolute error of the share", mean_of(0), False),
    Measure("Brier of seekers", mean_of(1), False),
)
LISTS: Final = (Measure("NDCG@10, discovery", mean_of(0), True), Measure("NDCG@10, buy again", mean_of(1), True))
SEGMENTS: Final = (Measure("silhouette", mean_of(0), True),)


def trial_of(
    twin: Twin,
    measures: tuple[Measure, ...],
    load: Callable[[Mapping[str, bytes]], Any],
    score: Scorer,
    segment: Labels,
) -> Trial:
    """The trial of a model whose twin can be scored again on its judging rows.

    Args:
        twin: of the version just trained.
        measures: by which versions are compared.
        load: files of an older twin → the model.
        score: model and rows → shape (rows, k).
        segment: of each judging row; negative: in none.
    """
    return Trial(
        measures,
        twin.truth,
        score(twin.model, twin.rows),
        lambda files: score(load(files), twin.rows),
        segment,
    )


def churn_score(model: Any, rows: Any) -> Floats:
    """Probability of each row."""
    return column(model.predict(rows))


def value_score(model: Any, rows: Any) -> Floats:
    """Expected spend of each row."""
    return column(model.predict(rows).amount)
