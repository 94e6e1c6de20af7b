"""Whether a candidate may go on: in one word, with reasons and figures."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from ml.offpolicy.estimators import Values
from ml.offpolicy.intervals import Estimate, error_of
from ml.offpolicy.support import Gap, Support
from ml.offpolicy.traffic import Floats
from ml.offpolicy.weights import WeightCheck

# Three and a third errors: one comparison of sound estimators in a thousand disagrees by chance.
_DISAGREE = 3.29


class Verdict(StrEnum):
    """What may be said of a candidate."""

    OK = "ok"
    WORSE = "worse"
    INSUFFICIENT = "insufficient support"
    UNTRUSTED = "propensities cannot be trusted"


class Gate(NamedTuple):
    """Bounds. `least_difference` is the lower bound of candidate less log, as a share of the log's value;
    `most_of_one` the share of the difference's variance that may come from one person."""

    least_effective: float = 1_000.0
    least_effective_share: float = 0.05
    mean_weight: tuple[float, float] = (0.95, 1.05)
    least_difference: float = -0.02
    most_unsupported: float = 0.01
    most_of_one: float = 0.25


class Judgement(NamedTuple):
    """The verdict, and why in sentences; the first one is what decided."""

    verdict: Verdict
    reasons: tuple[str, ...]


class Measured(NamedTuple):
    """What the gate looks at."""

    values: Values
    difference: Estimate
    weights: WeightCheck
    support: Support
    faults: tuple[str, ...]


def judge(measured: Measured, gate: Gate) -> Judgement:
    """The verdict. What makes figures meaningless goes before what the figures say."""
    told = [
        (Verdict.UNTRUSTED, [*measured.faults, *_untrusted(measured, gate)]),
        (Verdict.INSUFFICIENT, _insufficient(measured, gate)),
        *_worse(measured, gate),
    ]
    reasons = [(verdict, reason) for verdict, found in told for reason in found]
    if not reasons:
        return Judgement(Verdict.OK, (_fine(measured, gate),))
    return Judgement(reasons[0][0], tuple(reason for _, reason in reasons))


def relative(estimate: float, logged: float) -> float:
    """A difference as a share of what the log earned; infinite where the log earned nothing."""
    if logged != 0:
        return estimate / abs(logged)
    return 0.0 if estimate == 0 else float(np.copysign(np.inf, estimate))


def _untrusted(measured: Measured, gate: Gate) -> list[str]:
    found, check = [], measured.weights
    expected = 1.0 - measured.support.unsupported
    off = abs(check.mean - expected)
    if off > 0.05 and off > _DISAGREE * check.mean_error:
        found.append(
            f"weights: their mean is {check.mean:.3f} ± {check.mean_error:.3f}; {expected:.3f} is what sound "
            "propensities give"
        )
    snips, dr = measured.values.snips, measured.values.dr
    gap, error = dr.value - snips.value, error_of(dr.influence - snips.influence)
    if measured.support.unsupported <= gate.most_unsupported and abs(gap) > max(_DISAGREE * error, 1e-9):
        found.append(f"DR {dr.value:.4f} and SNIPS {snips.value:.4f} disagree by {gap:+.4f} ± {error:.4f}")
    return found


def _insufficient(measured: Measured, gate: Gate) -> list[str]:
    check, found = measured.weights, [_gap(gap) for gap in measured.support.gaps if _matters(gap, measured, gate)]
    if check.effective < gate.least_effective:
        found.append(f"effective sample size {check.effective:,.0f}; at least {gate.least_effective:,.0f} is needed")
    if check.effective_share < gate.least_effective_share:
        found.append(
            f"effective sample size {check.effective_share:.1%} of the exposures; at least "
            f"{gate.least_effective_share:.0%} is needed"
        )
    low, high = gate.mean_weight
    if not low <= check.mean <= high:
        found.append(f"mean weight {check.mean:.3f}; {low:.2f} to {high:.2f} is needed")
    one = one_person(measured.values.difference.influence)
    if one > gate.most_of_one:
        found.append(f"one person makes {one:.0%} of the difference's variance; at most {gate.most_of_one:.0%} may")
    return found


def one_person(influence: Floats) -> float:
    """Largest share of a variance that comes from one person."""
    total = float((influence**2).sum())
    return 0.0 if total == 0 else float((influence**2).max()) / total


def _matters(gap: Gap, measured: Measured, gate: Gate) -> bool:
    return measured.support.unsupported > gate.most_unsupported or gap.shown == 0


def _gap(gap: Gap) -> str:
    return (
        f"{gap.action!r}: the candidate would show it in {gap.wanted:,.0f} exposures, in {gap.impossible:,.0f} of them "
        f"it could not have been drawn; the log showed it {gap.shown:,} times"
    )


def _worse(measured: Measured, gate: Gate) -> list[tuple[Verdict, list[str]]]:
    logged, difference = measured.values.logged.value, measured.difference
    low, middle, high = (relative(x, logged) for x in (difference.low, difference.value, difference.high))
    if low >= gate.least_difference:
        return []
    figures = f"{middle:+.1%} against the logged policy (95 % interval {low:+.1%} to {high:+.1%})"
    if middle < gate.least_difference or high < 0:
        return [(Verdict.WORSE, [f"{figures}; at least {gate.least_difference:+.0%} is needed"])]
    wide = f"{figures}: too wide to rule out a loss beyond {gate.least_difference:+.0%}"
    return [(Verdict.INSUFFICIENT, [wide])]


def _fine(measured: Measured, gate: Gate) -> str:
    logged, d = measured.values.logged.value, measured.difference
    low, middle, high = (relative(x, logged) for x in (d.low, d.value, d.high))
    return (
        f"{middle:+.1%} against the logged policy (95 % interval {low:+.1%} to {high:+.1%}, not below "
        f"{gate.least_difference:+.0%}); effective sample size {measured.weights.effective:,.0f} "
        f"({measured.weights.effective_share:.0%})"
    )
