"""Why a customer gets an incentive, in words that a person who has never trained a model can read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ml.incentives.model import UpliftModel

Floats = npt.NDArray[np.float64]
Words = Mapping[str, tuple[str, str]]
# A feature explains nothing about a customer who is as average in it as a third of all are.
LEAST_DISTANCE = 0.4


def reasons_of(
    model: UpliftModel,
    matrix: Floats,
    margin: Floats,
    best: npt.NDArray[np.int64],
    known: npt.NDArray[np.bool_],
    words: Words,
) -> list[str]:
    """One sentence a customer: what is expected, and the trait that speaks for it most."""
    plain = model.arms[0]
    if not model.by_customer:
        return [_for_all(model)] * len(best)
    traits = _traits(model, matrix, best, words)
    open_arms = [one.may_be_offered for one in model.calibrations["margin"]]
    top = np.where(open_arms, margin, -np.inf).argmax(axis=1)
    found = []
    for row, (arm, rival) in enumerate(zip(best.tolist(), top.tolist(), strict=True)):
        if not known[row]:
            found.append(f"nothing is known of what they buy; {_for_all(model)}")
        elif arm:
            gain = margin[row, arm - 1]
            found.append(f"{model.arms[arm]} is expected to earn {gain:.2f} more than {plain}{traits[row]}")
        else:
            loss = margin[row, rival]
            found.append(
                f"no incentive earns its cost: {model.arms[rival + 1]} is expected to earn {loss:.2f}{traits[row]}"
            )
    return found


def _for_all(model: UpliftModel) -> str:
    best, plain = model.best_for_all, model.arms[0]
    if best == plain:
        return "no incentive earns more than nothing beyond noise"
    one = model.calibrations["margin"][model.arms.index(best) - 1]
    return f"over all customers {best} earns {one.mean:.2f} more than {plain}, give or take {one.mean_error:.2f}"


def _traits(model: UpliftModel, matrix: Floats, best: npt.NDArray[np.int64], words: Words) -> list[str]:
    """The trait whose share in the predicted effect speaks most for the recommendation; empty where none does."""
    z = model.scale.standardised(matrix)
    slopes = np.asarray([one.slope for one in model.calibrations["margin"]])
    weights = np.asarray(model.drivers) * slopes[:, None]
    # Against every incentive speaks what lowers them on average.
    leaning = np.vstack([-weights.mean(axis=0), weights])[best]
    share = np.where(np.abs(z) >= LEAST_DISTANCE, z * leaning, -np.inf)
    told = share.argmax(axis=1)
    rows = np.arange(len(told))
    speaks = share[rows, told] > 0
    phrase = {
        (index, is_high): _phrase(name, is_high, words)
        for index, name in enumerate(model.features)
        for is_high in (True, False)
    }
    high = z[rows, told] > 0
    triples = zip(told.tolist(), high.tolist(), speaks.tolist(), strict=True)
    return [f": {phrase[index, is_high]}" if does else "" for index, is_high, does in triples]


def _phrase(name: str, is_high: bool, words: Words) -> str:
    if name in words:
        return words[name][0 if is_high else 1]
    return f"{'high' if is_high else 'low'} {name.replace('_', ' ')}"
