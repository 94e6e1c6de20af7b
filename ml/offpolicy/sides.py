"""Two groups of people drawn apart, such as a canary and the rest: the difference of their means."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.offpolicy.gate import Gate, Verdict, relative
from ml.offpolicy.intervals import Estimate, Spread, interval, mean_of
from ml.offpolicy.traffic import Floats, Ints

LEAST_PEOPLE = 100


class Sides(NamedTuple):
    """Means per exposure of the group and the rest, group less rest, and what that means."""

    group: Estimate
    rest: Estimate
    difference: Estimate
    verdict: Verdict
    reason: str


def compare(group: tuple[Floats, Ints], rest: tuple[Floats, Ints], gate: Gate | None = None) -> Sides:
    """Compare values per exposure of two groups that share no person.

    Args:
        group: values, and code of the person of each.
        rest: the same.
        gate: its `least_difference` is what the lower bound must reach, as a share of the rest's value.
    """
    one, other = mean_of(*group), mean_of(*rest)
    both = Spread(one.value - other.value, np.concatenate([one.influence, -other.influence]))
    difference, bound = interval(both), (gate or Gate()).least_difference
    verdict, reason = _judged(difference, other.value, bound, len(one.influence), len(other.influence))
    return Sides(interval(one), interval(other), difference, verdict, reason)


def _judged(difference: Estimate, rest: float, bound: float, people: int, others: int) -> tuple[Verdict, str]:
    low, middle, high = (relative(x, rest) for x in (difference.low, difference.value, difference.high))
    figures = f"{middle:+.1%} against the rest (95 % interval {low:+.1%} to {high:+.1%}), {people:,} people"
    if min(people, others) < LEAST_PEOPLE:
        return Verdict.INSUFFICIENT, f"{figures}; at least {LEAST_PEOPLE} on each side are needed"
    if low >= bound:
        return Verdict.OK, f"{figures}; not below {bound:+.0%}"
    if high < 0:
        return Verdict.WORSE, f"{figures}; at least {bound:+.0%} is needed"
    more = people * ((difference.value - difference.low) / max(abs(bound * rest), 1e-12)) ** 2
    return Verdict.INSUFFICIENT, f"{figures}: too early; about {more:,.0f} people would tell a loss of {bound:+.0%}"
