"""Everything that a log says of a candidate, in one call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.offpolicy.calibration import sound_rows
from ml.offpolicy.estimators import Terms, robust_difference, robust_value, terms_of, values_of
from ml.offpolicy.faults import propensity_faults
from ml.offpolicy.gate import Gate, Judgement, Measured, judge
from ml.offpolicy.intervals import Estimate, bootstrap, interval
from ml.offpolicy.reward_model import predicted_rewards
from ml.offpolicy.support import Support, support_of
from ml.offpolicy.traffic import Bools, Draws, Floats, Ints, LoggedTraffic, OffPolicyError
from ml.offpolicy.weights import WeightCheck, check_weights, effective_size

LEAST_EXPOSURES = 10
# Smaller slices would show noise, and say something of few people.
LEAST_PEOPLE = 50


class Part(NamedTuple):
    """One slice: how many exposures and people, the log's value, the candidate's, and the difference."""

    attribute: str
    label: str
    exposures: int
    people: int
    effective: float
    logged: float
    candidate: Estimate
    difference: Estimate


class Evaluation(NamedTuple):
    """Values in reward per exposure with 95 % intervals; `resampled` is DR with persons drawn anew."""

    judgement: Judgement
    exposures: int
    people: int
    logged: Estimate
    ips: Estimate
    snips: Estimate
    dm: Estimate
    dr: Estimate
    resampled: Estimate
    difference: Estimate
    weights: WeightCheck
    support: Support
    parts: tuple[Part, ...]


def evaluate(
    traffic: LoggedTraffic, *, seed: int = 0, gate: Gate | None = None, draws: Draws | None = None
) -> Evaluation:
    """Value a candidate on logged traffic and judge it.

    Args:
        traffic: exposures of one placement.
        seed: of the folds and the resampling.
        gate: bounds; the default ones.
        draws: numbers drawn in this and other experiments, where they are logged.

    Raises:
        OffPolicyError: fewer than ten exposures with a usable propensity.
    """
    faults = propensity_faults(traffic, draws)
    sound = sound_rows(traffic)
    if int(sound.sum()) < LEAST_EXPOSURES:
        raise OffPolicyError(
            f"{int(sound.sum())} exposures with a propensity above 0 and at most 1; at least {LEAST_EXPOSURES} needed"
        )
    kept = traffic.only(sound)
    terms = terms_of(kept, predicted_rewards(kept, seed))
    values, support = values_of(kept, terms), support_of(kept)
    weights, difference = check_weights(kept, terms.weight), interval(values.difference)
    measured = Measured(values, difference, weights, support, tuple(faults))
    return _evaluation(kept, terms, measured, judge(measured, gate or Gate()), seed)


def _evaluation(kept: LoggedTraffic, terms: Terms, measured: Measured, judgement: Judgement, seed: int) -> Evaluation:
    values = measured.values
    return Evaluation(
        judgement=judgement,
        exposures=len(kept),
        people=int(kept.unit.max()) + 1,
        logged=interval(values.logged),
        ips=interval(values.ips),
        snips=interval(values.snips),
        dm=interval(values.dm),
        dr=interval(values.dr),
        resampled=bootstrap(terms.robust, np.ones(len(kept)), kept.unit, seed),
        difference=measured.difference,
        weights=measured.weights,
        support=measured.support,
        parts=tuple(parts_of(kept, terms)),
    )


def parts_of(traffic: LoggedTraffic, terms: Terms) -> list[Part]:
    """Values by slice, of slices with enough people."""
    found = []
    for attribute, labels in traffic.slices.items():
        for label in np.unique(labels):
            rows = labels == label
            _, unit = np.unique(traffic.unit[rows], return_inverse=True)
            people = int(unit.max()) + 1
            if people >= LEAST_PEOPLE:
                found.append(
                    _part(attribute, str(label), unit.astype(np.int64), _rows(terms, rows), traffic.reward[rows])
                )
    return found


def _rows(terms: Terms, rows: Bools) -> Terms:
    return Terms(*(values[rows] for values in terms))


def _part(attribute: str, label: str, unit: Ints, terms: Terms, reward: Floats) -> Part:
    return Part(
        attribute,
        label,
        len(reward),
        int(unit.max()) + 1,
        effective_size(terms.weight),
        float(reward.mean()),
        interval(robust_value(terms, unit)),
        interval(robust_difference(terms, unit)),
    )
