"""Which features speak in a boosted model, and in which direction: SHAP values by LightGBM itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.boosting import Booster
from ml.churn import ChurnModel
from ml.lifetime import process_columns, with_process
from ml.preprocess import numbers
from ml.value import ValueModel
from ml.value_forms import Tweedie, TwoPart

Floats = npt.NDArray[np.float64]
# A thousand customers order features as all of them do; the price grows with trees, depth and rows.
SAMPLE: Final = 1_000


class Voice(NamedTuple):
    """One feature: its share of all absolute contributions, and whether high values raise the score.

    Attributes:
        direction: correlation of value and contribution, -1 to 1; 0 where either is constant.
    """

    feature: str
    share: float
    direction: float


def voices(model: ChurnModel | ValueModel, rows: pd.DataFrame) -> list[Voice]:
    """Features of the model by their mean absolute SHAP value on a sample of rows, loudest first."""
    names = (*model.features, *process_columns(model.process))
    sample = rows.iloc[:: max(1, -(-len(rows) // SAMPLE))]
    matrix = numbers(with_process(sample, model.process, model.horizon_days), names)
    parts = [booster.contributions(matrix) for booster in _boosters(model)]
    return ranked(names, matrix, parts)


def ranked(names: Sequence[str], matrix: Floats, parts: Sequence[Floats]) -> list[Voice]:
    """Shares and directions from one or several tables of contributions, each of the shape of `matrix`."""
    shares = np.mean([_shares(part) for part in parts], axis=0)
    found = [
        Voice(
            name, float(shares[place]), _direction(matrix[:, place], np.sum([part[:, place] for part in parts], axis=0))
        )
        for place, name in enumerate(names)
    ]
    return sorted(found, key=lambda voice: (-voice.share, voice.feature))


def _shares(part: Floats) -> Floats:
    loud = np.abs(part).mean(axis=0)
    return np.asarray(loud / loud.sum() if loud.sum() > 0 else loud, dtype=np.float64)


def _direction(values: Floats, contribution: Floats) -> float:
    known = np.isfinite(values)
    if known.sum() < 2 or np.ptp(values[known]) == 0 or np.ptp(contribution[known]) == 0:
        return 0.0
    return float(np.corrcoef(values[known], contribution[known])[0, 1])


def _boosters(model: ChurnModel | ValueModel) -> list[Booster]:
    if isinstance(model, ChurnModel):
        return [model.mixed.trees]
    form = model.fit.mean
    if isinstance(form, Tweedie):
        return [form.mean]
    return [form.buys, form.amount] if isinstance(form, TwoPart) else []
