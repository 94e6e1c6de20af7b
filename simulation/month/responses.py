"""What shoppers do about what they were shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import F64, I64, Bool
from simulation.month.planted import MARGIN_SHARE, RETURN_COST, Planted

SAME_VISIT_SHARE = 0.7
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
LONGEST_ORDER_DELAY = 5 * _DAY
_AMOUNT_NOISE = 0.35
_UNIFORMS = 9


@dataclass(frozen=True)
class Shown:
    """What visits showed, one entry each: places of segment, context, banner and delivery line in the truth."""

    segment: I64
    context: I64
    banner: I64
    delivery: I64

    def __len__(self) -> int:
        return len(self.segment)


@dataclass(frozen=True)
class Responses:
    """One entry a visit. Delays in seconds after it (of a return: after the order), money in USD.

    `margin` is what the order left before anything came back, `lost` what a return takes away again: 0 without one.
    """

    clicked: Bool
    ordered: Bool
    in_visit: Bool
    order_delay_s: F64
    amount: F64
    margin: F64
    returned: Bool
    return_delay_s: F64
    lost: F64
    complained: Bool
    complaint_delay_s: F64


def respond(planted: Planted, shown: Shown, rng: np.random.Generator) -> Responses:
    """Draw what follows each visit.

    Every visit takes the same number of draws whatever it showed, so two worlds with one seed differ by the arms
    alone.
    """
    u = rng.random((_UNIFORMS, len(shown)))
    noise = np.exp(rng.normal(-(_AMOUNT_NOISE**2) / 2, _AMOUNT_NOISE, len(shown)))
    ordered = u[0] < order_chance(planted, shown)
    amount = np.where(ordered, np.round(planted.basket[shown.segment] * noise, 2), 0.0)
    margin = np.where(ordered, np.round(MARGIN_SHARE * amount - planted.cost[shown.banner], 2), 0.0)
    returned = ordered & (u[1] < planted.returned[shown.banner])
    in_visit = ordered & (u[2] < SAME_VISIT_SHARE)
    later = np.minimum(_HOUR - _later(u[3], 10 * _HOUR), LONGEST_ORDER_DELAY)
    soon = np.minimum(30.0 - _later(u[3], 4 * _MINUTE), 550.0)
    return Responses(
        clicked=u[4] < planted.click[shown.segment, shown.context, shown.banner],
        ordered=ordered,
        in_visit=in_visit,
        order_delay_s=np.where(in_visit, soon, later),
        amount=amount,
        margin=margin,
        returned=returned,
        return_delay_s=(1.0 + 3.0 * u[5]) * _DAY,
        lost=np.where(returned, margin + RETURN_COST, 0.0),
        complained=u[6] < planted.complaint[shown.banner],
        complaint_delay_s=10 * _MINUTE + 23 * _HOUR * u[7],
    )


def order_chance(planted: Planted, shown: Shown) -> F64:
    """The chance of an order by visit."""
    chance = planted.order[shown.segment, shown.context, shown.banner] + planted.delivery[shown.delivery]
    clipped: F64 = np.clip(chance, 0.0, 1.0)
    return clipped


def _later(u: F64, mean: float) -> F64:
    """Minus an exponential delay, from a uniform draw."""
    return mean * np.log1p(-u)
