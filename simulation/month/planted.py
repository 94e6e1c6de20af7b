"""What is planted: arms of three experiments, and what each does to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulation.arrays import F64
from simulation.randomness import stream

CONTEXTS = ("mobile", "desktop", "tablet")
BANNER, DELIVERY, NOTE = "month_banner", "month_delivery_line", "month_checkout_note"
"""The bandit with a bad arm, the A/B test with a winner, and the A/B test in which nothing happens."""

PLAIN_BANNER = "welcome"
BANNERS = (PLAIN_BANNER, "fresh_market", "full_pantry", "weekly_deals", "last_chance")
BAD_BANNER = "last_chance"
DELIVERIES = ("plain_line", "tomorrow_line")
NOTES = ("plain_note", "friendly_note")

MARGIN_SHARE = 0.28
# Handling of what comes back costs the shop, whatever the order was worth.
RETURN_COST = 1.50
DELIVERY_LIFT = 0.04
# First, second and third best banner of a segment; the plain one does nothing.
_LIFTS = (0.040, 0.015, 0.004)
_BAD_LIFT = -0.060


class BannerEffect(NamedTuple):
    """What a banner does beside selling: its share of complaints and of returned orders, its cost an order (USD)."""

    complaints: float
    returns: float
    cost: float


_EFFECTS = {
    PLAIN_BANNER: BannerEffect(0.002, 0.05, 0.00),
    "fresh_market": BannerEffect(0.002, 0.05, 0.00),
    "full_pantry": BannerEffect(0.002, 0.04, 0.10),
    "weekly_deals": BannerEffect(0.002, 0.05, 0.40),
    BAD_BANNER: BannerEffect(0.060, 0.25, 0.00),
}


@dataclass(frozen=True)
class Planted:
    """Chances of one visit by segment (S), context (C) and banner (A); money in USD.

    `order` (S, C, A) is the chance of an order with the plain delivery line, `delivery` what each delivery line adds to
    it, `click` (S, C, A) that of a click on the banner, `complaint` and `returned` (A) those of a complaint after a
    visit and of an order sent back. `basket` (S) is the mean amount of an order, `cost` (A) what the banner's promise
    costs an order. The notes of the checkout change nothing.
    """

    segments: tuple[int, ...]
    order: F64
    click: F64
    complaint: F64
    returned: F64
    cost: F64
    basket: F64
    delivery: F64

    def order_value(self) -> F64:
        """Expected margin of one order by segment and banner (S, A), net of returns, USD."""
        gained = MARGIN_SHARE * self.basket[:, None] - self.cost[None, :]
        return gained * (1.0 - self.returned) - RETURN_COST * self.returned

    def margin(self) -> F64:
        """Expected margin of a visit by segment, context, banner and delivery line (S, C, A, 2), USD."""
        chance = np.clip(self.order[..., None] + self.delivery, 0.0, 1.0)
        value: F64 = chance * self.order_value()[:, None, :, None]
        return value


def plant(segments: Sequence[int], seed: int) -> Planted:
    """Draw the truth for the segments that the shop's own model has found; -1 stands for people it knows nothing of.

    Neighbouring segments like different banners, on small screens deals more than elsewhere; `last_chance` puts
    people off everywhere.
    """
    rng = stream(seed, "month/planted")
    order = rng.uniform(0.064, 0.080, (len(segments), len(CONTEXTS)))[..., None] + _lifts(len(segments))
    effects = [_EFFECTS[name] for name in BANNERS]
    return Planted(
        segments=tuple(segments),
        order=np.clip(order, 0.001, 1.0),
        click=np.clip(0.06 + 2.0 * _lifts(len(segments)), 0.005, 1.0),
        complaint=np.array([item.complaints for item in effects]),
        returned=np.array([item.returns for item in effects]),
        cost=np.array([item.cost for item in effects]),
        basket=rng.uniform(28.0, 44.0, len(segments)),
        delivery=np.array([0.0, DELIVERY_LIFT]),
    )


def _lifts(segments: int) -> F64:
    lifts = np.zeros((segments, len(CONTEXTS), len(BANNERS)))
    for segment in range(segments):
        for place, lift in enumerate(_LIFTS):
            lifts[segment, :, 1 + (segment + place) % len(_LIFTS)] = lift
    lifts[:, CONTEXTS.index("mobile"), BANNERS.index("weekly_deals")] += 0.006
    lifts[:, :, BANNERS.index(BAD_BANNER)] = _BAD_LIFT
    return lifts
