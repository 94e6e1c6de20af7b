"""How each home delivery went: promised and actual day, what was sent back, rated, complained about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import DAY_US, F64, HOUR_US, I64, Bool
from simulation.orders import Orders
from simulation.people import REGIONS, People
from simulation.randomness import stream
from simulation.service.weather import Weather

HOME_SHARE = 0.25
PROMISED_DAYS = (2, 3, 4)
RETURN_SHARE, REVIEW_SHARE = 0.05, 0.09
LATE_TICKET, OTHER_TICKET = 0.35, 0.012


@dataclass(frozen=True)
class Story:
    """One entry a home delivery, in order of time; times in microseconds.

    `late_days` is how much later than promised it came (negative: earlier). `line` is the line that a return, review
    or ticket is about; `quality` (-1 to 1) is the hidden quality of its product, which moves ratings and returns.
    """

    order: I64
    person: I64
    ordered_us: I64
    promised_us: I64
    delivered_us: I64
    late_days: I64
    is_failed_once: Bool
    line: I64
    quality: F64
    is_returned: Bool
    is_reviewed: Bool
    rating: I64
    has_ticket: Bool
    is_late_ticket: Bool

    def __len__(self) -> int:
        return len(self.order)


def draw_story(orders: Orders, people: People, weather: Weather, seed: int) -> Story:
    """Deliveries of people with an account. A storm delays; a late parcel brings tickets and lower ratings; a poor
    product brings returns and lower ratings. Nothing here changes an order."""
    rng = stream(seed, "service")
    order = np.flatnonzero(people.has_account[orders.order_person] & (rng.random(len(orders.order_ids)) < HOME_SHARE))
    order = order[np.argsort(orders.order_at_us[order], kind="stable")].astype(np.int64)
    person, at, count = orders.order_person[order], orders.order_at_us[order], len(order)
    day = (at - orders.start_us) // DAY_US
    promised = rng.choice(PROMISED_DAYS, count)
    storm = weather.storm(np.array([REGIONS.index(name) for name in people.regions])[person], day + promised - 1)
    late = np.where(
        rng.random(count) < 0.06 + 0.45 * storm, rng.geometric(0.5, count), -(rng.random(count) < 0.3).astype(np.int64)
    )
    delivered = (day + promised + late) * DAY_US + orders.start_us + (8 + 10 * rng.random(count)) * HOUR_US
    first, last = orders.order_first[order], orders.order_first[order + 1]
    line = first + (rng.random(count) * (last - first)).astype(np.int64)
    quality = np.tanh(stream(seed, "quality").normal(0.0, 0.6, len(orders.product_ids)))[orders.line_product[line]]
    returned = rng.random(count) < RETURN_SHARE * (1.0 - 0.8 * quality)
    mood = 4.1 + 1.1 * quality - 0.45 * np.clip(late, 0, 4) + rng.normal(0.0, 0.7, count)
    late_ticket = (late > 0) & (rng.random(count) < LATE_TICKET)
    return Story(
        order=order,
        person=person,
        ordered_us=at,
        promised_us=(day + promised) * DAY_US + orders.start_us,
        delivered_us=delivered.astype(np.int64),
        late_days=late.astype(np.int64),
        is_failed_once=rng.random(count) < 0.04,
        line=line,
        quality=quality,
        is_returned=returned,
        is_reviewed=rng.random(count) < REVIEW_SHARE,
        rating=np.clip(np.round(mood), 1, 5).astype(np.int64),
        has_ticket=late_ticket | (rng.random(count) < OTHER_TICKET),
        is_late_ticket=late_ticket,
    )
