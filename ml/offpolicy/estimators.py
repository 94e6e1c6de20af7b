"""IPS, SNIPS, DM and DR values of a candidate, and its paired difference from the logged policy.

Sources: Horvitz and Thompson (1952); Swaminathan and Joachims (2015); Dudík, Langford and Li (2011).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.offpolicy.extremes import likely_of, with_extremes_pooled
from ml.offpolicy.intervals import Spread, mean_of, ratio_of
from ml.offpolicy.traffic import Floats, Ints, LoggedTraffic


class Terms(NamedTuple):
    """By exposure: importance weight, model value of the candidate, doubly robust value, and that of the log.

    `rest` is the reward less what the model says of the action shown, `likely` how much the exposure could bring.
    """

    weight: Floats
    direct: Floats
    robust: Floats
    logged: Floats
    rest: Floats
    likely: Floats


class Values(NamedTuple):
    """Spreads of the four estimators, the log's own mean, and candidate less log, all in reward per exposure."""

    ips: Spread
    snips: Spread
    dm: Spread
    dr: Spread
    logged: Spread
    difference: Spread


def weights_of(traffic: LoggedTraffic) -> Floats:
    """Candidate's probability of the action shown over the logged one; 1 where the candidate does as the log did.

    A propensity that is no probability has weight NaN.
    """
    share = traffic.candidate[traffic.taken, traffic.action]
    sound = (traffic.propensity > 0) & (traffic.propensity <= 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(sound, share / traffic.propensity, np.nan)
    return np.where(traffic.as_logged & sound, 1.0, weight)


def terms_of(traffic: LoggedTraffic, predicted: Floats) -> Terms:
    """The parts of every estimator.

    Args:
        predicted: expected reward, shape (n, K), of a model that has not seen the person.
    """
    weight = weights_of(traffic)
    own = predicted[traffic.taken, traffic.action]
    rest = traffic.reward - own
    direct = np.where(traffic.as_logged, own, (traffic.candidate * predicted).sum(axis=1))
    told = traffic.told
    expected = np.where(told, (np.where(told[:, None], traffic.logged, 0.0) * predicted).sum(axis=1), own)
    logged = np.where(traffic.as_logged, direct, expected) + rest
    return Terms(weight, direct, direct + weight * rest, logged, rest, likely_of(own, traffic.reward))


def values_of(traffic: LoggedTraffic, terms: Terms) -> Values:
    """All estimators from their terms."""
    unit, weight = traffic.unit, terms.weight
    weighted, n = weight * traffic.reward, len(traffic)
    return Values(
        _pooled(mean_of(weighted, unit), weight / n, terms),
        _pooled(ratio_of(weighted, weight, unit), weight / max(float(weight.sum()), 1e-300), terms),
        mean_of(terms.direct, unit),
        robust_value(terms, unit),
        mean_of(traffic.reward, unit),
        robust_difference(terms, unit),
    )


def robust_value(terms: Terms, unit: Ints) -> Spread:
    """DR: the candidate's value per exposure."""
    return _pooled(mean_of(terms.robust, unit), terms.weight / len(unit), terms)


def robust_difference(terms: Terms, unit: Ints) -> Spread:
    """DR less log per exposure, paired."""
    return _pooled(mean_of(terms.robust - terms.logged, unit), (terms.weight - 1.0) / len(unit), terms)


def _pooled(spread: Spread, coefficient: Floats, terms: Terms) -> Spread:
    return with_extremes_pooled(spread, coefficient, terms.rest, terms.likely)
