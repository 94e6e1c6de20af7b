"""IPS, SNIPS, DM and DR values of a candidate, and its paired difference from the logged policy.

Sources: Horvitz and Thompson (1952); Swaminathan and Joachims (2015); Dudík, Langford and Li (2011).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.offpolicy.intervals import Spread, mean_of, ratio_of
from ml.offpolicy.traffic import Floats, LoggedTraffic


class Terms(NamedTuple):
    """By exposure: importance weight, model value of the candidate, doubly robust value, and that of the log."""

    weight: Floats
    direct: Floats
    robust: Floats
    logged: Floats


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
    return Terms(weight, direct, direct + weight * rest, np.where(traffic.as_logged, direct, expected) + rest)


def values_of(traffic: LoggedTraffic, terms: Terms) -> Values:
    """All estimators from their terms."""
    unit, weighted = traffic.unit, terms.weight * traffic.reward
    return Values(
        mean_of(weighted, unit),
        ratio_of(weighted, terms.weight, unit),
        mean_of(terms.direct, unit),
        mean_of(terms.robust, unit),
        mean_of(traffic.reward, unit),
        mean_of(terms.robust - terms.logged, unit),
    )
