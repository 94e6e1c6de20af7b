"""The story as other systems export it, in the shapes that the library's contracts read. Nothing after the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulation.arrays import DAY_US, HOUR_US, I64
from simulation.orders import Orders
from simulation.people import People
from simulation.randomness import stream
from simulation.service.story import Story

CARRIERS = ("Swift", "Parcelo")
REASONS = ("damaged", "not as described", "changed my mind", "too late")
USES = ("weekday lunch", "family dinner", "party", "gift")
EXPERIENCE = ("first time", "sometimes", "often")
QUESTIONS = (
    ("diet", ("everything", "vegetarian", "vegan")),
    ("cooks_for", ("one", "two", "family")),
    ("favourite_aisle", ("produce", "deli", "bakery", "meat")),
    ("wants_offers_for", ("staples", "treats", "new products")),
)
SURVEY_SHARE = 0.22
Record = tuple[int, dict[str, Any]]
"""When it was written (microseconds) and what it says."""


@dataclass(frozen=True)
class Shop:
    """What records name: orders and people, and the first moment after the data."""

    orders: Orders
    people: People
    story: Story
    seed: int

    def number(self, person: int) -> str:
        """The customer number in the order system."""
        return f"C-{self.orders.household_ids[person]}"

    def mail(self, person: int) -> str | None:
        """The address a person gave, if any."""
        return self.people.emails[person] if self.people.has_email[person] else None

    def order_number(self, one: int) -> str:
        """The order's id as everywhere else."""
        return str(self.orders.order_ids[self.story.order[one]])

    def product(self, one: int) -> str:
        """The product that a return, review or ticket is about."""
        return str(self.orders.product_ids[self.orders.line_product[self.story.line[one]]])

    def until_end(self, records: Iterator[Record]) -> list[dict[str, Any]]:
        """Records in order of time, without those that lie after the data."""
        return [record for at, record in sorted(records, key=lambda pair: pair[0]) if at < self.orders.end_us]


def deliveries(shop: Shop) -> Iterator[Record]:
    """Promised with the order, dispatched the day before, tried in vain sometimes, delivered."""
    story = shop.story
    for one in range(len(story)):
        ordered, delivered = int(story.ordered_us[one]), int(story.delivered_us[one])
        steps = [("promised", ordered + 60_000_000, {"promised_date": _day(int(story.promised_us[one]))})]
        steps.append(("dispatched", max(ordered + 2 * HOUR_US, delivered - DAY_US), {}))
        if story.is_failed_once[one]:
            steps.append(("failed", delivered - 3 * HOUR_US, {"reason": "nobody at home"}))
        steps.append(("delivered", delivered, {}))
        for event, at, more in steps:
            yield at, {"event": event, "at": _moment(at), **_parcel(shop, one), **more}


def returns(shop: Shop) -> Iterator[Record]:
    """Asked for within a week of delivery, back a few days later."""
    rng, story = stream(shop.seed, "returns"), shop.story
    for one in np.flatnonzero(story.is_returned).tolist():
        person = int(story.person[one])
        asked = int(story.delivered_us[one] + (1 + 6 * rng.random()) * DAY_US)
        reason = "too late" if story.late_days[one] > 1 else REASONS[int(rng.integers(3))]
        row: dict[str, Any] = {
            "return_no": f"R-{shop.order_number(one)}",
            "order_no": shop.order_number(one),
            "sku": shop.product(one),
        }
        row |= {"quantity": 1, "reason": reason, "customer_no": shop.number(person), "email": shop.mail(person) or ""}
        for status, at in (("requested", asked), ("received", int(asked + (3 + 4 * rng.random()) * DAY_US))):
            condition = "as new" if status == "received" else ""
            yield at, row | {"status": status, "changed_at": _moment(at), "condition": condition, "channel": "web"}


def reviews(shop: Shop) -> Iterator[Record]:
    """A rating with the reviewer's context: what for, and how experienced."""
    rng, story = stream(shop.seed, "reviews"), shop.story
    for one in np.flatnonzero(story.is_reviewed).tolist():
        person, at = int(story.person[one]), int(story.delivered_us[one] + (1 + 20 * rng.random()) * DAY_US)
        rating = int(story.rating[one])
        yield (
            at,
            {
                "review_id": f"V-{shop.order_number(one)}",
                "created_at": _moment(at),
                "language": "en",
                "order_id": shop.order_number(one),
                "product": {"id": shop.product(one)},
                "rating": rating,
                "recommends": rating >= 4,
                "verified_buyer": True,
                "helpful": {"votes": int(rng.poisson(1.5))},
                "context": {"use": USES[int(rng.integers(len(USES)))], "experience": EXPERIENCE[int(rng.integers(3))]},
                "author": {"account": shop.people.logins[person], "email": shop.mail(person)},
            },
        )


def tickets(shop: Shop) -> Iterator[Record]:
    """Opened after a late parcel or over something else, a complaint among four; solved within days."""
    rng, story = stream(shop.seed, "tickets"), shop.story
    for one in np.flatnonzero(story.has_ticket).tolist():
        late, person = bool(story.is_late_ticket[one]), int(story.person[one])
        opened = int(story.promised_us[one] + DAY_US + 9 * HOUR_US) if late else int(story.delivered_us[one] + DAY_US)
        topic = "delivery" if late else ("product", "invoice", "account")[int(rng.integers(3))]
        ticket: dict[str, Any] = {
            "id": f"T-{shop.order_number(one)}",
            "via": "email",
            "order_number": shop.order_number(one),
        }
        ticket |= {"topic": "complaint" if rng.random() < 0.25 else topic, "priority": "high" if late else "normal"}
        requester = {"customer_id": shop.number(person), "email": shop.mail(person)}
        yield opened, {"status": "new", "changed_at": _moment(opened), "ticket": ticket, "requester": requester}
        solved = int(opened + (2 + 60 * rng.random()) * HOUR_US)
        ticket = ticket | {"satisfaction": "good" if rng.random() < 0.7 else "bad"}
        ticket |= {"first_reply_minutes": int(5 + rng.exponential(90))}
        yield solved, {"status": "solved", "changed_at": _moment(solved), "ticket": ticket, "requester": requester}


def surveys(shop: Shop) -> Iterator[Record]:
    """One in five answers a style quiz once: one question or more, and how likely they recommend the shop."""
    rng, people, orders = stream(shop.seed, "surveys"), shop.people, shop.orders
    for person in np.flatnonzero(people.has_account & (rng.random(orders.people) < SURVEY_SHARE)).tolist():
        at = int(people.joined_us[person] + rng.random() * (orders.end_us - people.joined_us[person]))
        asked = rng.choice(len(QUESTIONS), 1 + int(rng.integers(3)), replace=False).tolist()
        answers: list[dict[str, Any]] = [
            {"question": QUESTIONS[one][0], "choice": QUESTIONS[one][1][int(rng.integers(len(QUESTIONS[one][1])))]}
            for one in asked
        ]
        answers.append({"question": "recommend", "score": int(np.clip(round(rng.normal(7.5, 2.0)), 0, 10))})
        yield (
            at,
            {
                "response_id": f"Q-{orders.household_ids[person]}",
                "survey": "style quiz",
                "submitted_at": _moment(at),
                "channel": "web",
                "language": "en",
                "respondent": {"account": people.logins[person], "email": shop.mail(person)},
                "answers": answers,
            },
        )


def _parcel(shop: Shop, one: int) -> dict[str, Any]:
    person, number = int(shop.story.person[one]), shop.order_number(one)
    return {
        "order_number": number,
        "customer_number": shop.number(person),
        "parcel": {"tracking_number": f"1Z{number}", "carrier": CARRIERS[one % 2], "service": "standard"},
        "destination": {"country": "US", "postal_code": _postal_code(shop.orders.household_ids, person)},
        "recipient": {"email": shop.mail(person)},
    }


def _postal_code(households: I64, person: int) -> str:
    return f"{43_000 + int(households[person]) * 37 % 900:05d}"


def _moment(at_us: int) -> str:
    return f"{np.datetime64(at_us // 1_000_000, 's')}Z"


def _day(at_us: int) -> str:
    return str(np.datetime64(at_us, "us").astype("datetime64[D]"))
