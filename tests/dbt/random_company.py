"""A small company drawn from a seed: every kind of event that a signal reads, some of it late, doubtful or nameless."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from tests.dbt.dbt_room import Event, event

START = datetime.fromisoformat("2017-01-01")
DAYS = 55
CATEGORIES = ("tea", "cups", "cake")
PRODUCTS = {f"p{n}": CATEGORIES[n % 3] for n in range(7)}
PURPOSES = ("analytics", "personalization", "profiling_price")


def random_events(seed: int, people: int = 5) -> list[Event]:
    """Events of `people` customers `login:0` … over 55 days from 2017-01-01; the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - a made-up company, no secret
    found = [*_catalogue(rng), *_weather(rng)]
    for person in range(people):
        found += _life(rng, f"login:{person}")
    return found


def _moment(rng: random.Random) -> datetime:
    return START + timedelta(days=rng.randrange(DAYS), seconds=rng.randrange(86_400))


def _say(rng: random.Random, name: str, kind: str, at: datetime, **fields: object) -> Event:
    late = rng.choice((60, 60, 60, 3 * 86_400))
    return event(name, kind, at.isoformat(sep=" "), delay_s=int(str(fields.pop("delay_s", late))), **fields)


def _catalogue(rng: random.Random) -> Iterator[Event]:
    for product, category in PRODUCTS.items():
        attributes = {"brand": rng.choice(["ajax", "bolt"]), "colour": rng.choice(["red", "blue"])}
        if product == "p6":
            attributes = {}
        for n, day in enumerate((0, 30)):
            at = START + timedelta(days=day, seconds=1)
            kept = category if n == 0 or product != "p1" else "cake"
            yield event(f"c-{product}-{n}", "product_updated", at.isoformat(" "), product_id=product, category=kept,
                        properties=attributes)  # fmt: skip
        for n in range(8):
            price = Decimal(rng.choice([4, 5, 6]))
            yield _say(rng, f"pr-{product}-{n}", "price_updated", _moment(rng), product_id=product, unit_price=price)
            yield _say(rng, f"st-{product}-{n}", "stock_updated", _moment(rng), product_id=product,
                       quantity=Decimal(rng.randrange(9)))  # fmt: skip


def _weather(rng: random.Random) -> Iterator[Event]:
    for day in range(DAYS):
        for n, place in enumerate(({"country": "US", "region": "NY"}, {"country": "US"}, {"store_id": "s1"})):
            if rng.random() < 0.8:
                at = START + timedelta(days=day, hours=12)
                properties = {
                    "temperature_max": rng.randrange(-9, 30), "temperature_min": -9.5,
                    "precipitation_mm": rng.choice([0, 0.4, 3.5]), "condition": rng.choice(["clear", "rain"]),
                    "is_forecast": rng.random() < 0.1,
                }  # fmt: skip
                yield _say(rng, f"w-{day}-{n}", "weather_observed", at, properties=properties, **place)


def _life(rng: random.Random, who: str) -> Iterator[Event]:
    for purpose in PURPOSES:
        yield event(f"{purpose}-{who}", "consent_updated", "2017-01-01 06:00:00", who=who,
                    properties={"purpose": purpose, "granted": True, "regime": "opt_in"})  # fmt: skip
    for n in range(rng.randrange(4, 9)):
        yield from _visit(rng, who, f"{who}-v{n}")
    for n in range(rng.randrange(0, 7)):
        yield from _order(rng, who, f"{who}-o{n}")
    for n in range(12):
        yield _told(rng, who, f"{who}-t{n}")


def _visit(rng: random.Random, who: str, name: str) -> Iterator[Event]:
    at, delay = _moment(rng), rng.choice((60, 86_400))
    context = {
        "channel": rng.choice(["web", "app"]), "device_type": rng.choice(["mobile", "desktop"]),
        "os": rng.choice(["ios", "android"]), "browser": rng.choice(["safari", "firefox"]),
        "referrer": rng.choice([None, "https://www.Search.example/q?x=1", "newsletter"]), "country": "US",
        "region": rng.choice(["NY", "NJ", None]), "postal_code": rng.choice([None, "10001"]),
        "time_zone": "America/New_York", "locale": rng.choice(["en-US", "es-US"]), "page_type": "home",
    }  # fmt: skip
    yield _say(rng, f"{name}-0", "page_viewed", at, who=who, session_id=name, delay_s=delay, **context)
    for n in range(1, rng.randrange(2, 6)):
        product = rng.choice([*PRODUCTS, "p-unknown"])
        kind = rng.choice(["product_viewed", "product_viewed", "cart_added", "searched"])
        properties = {"brand": "event-brand"} if rng.random() < 0.3 else {}
        yield _say(rng, f"{name}-{n}", kind, at + timedelta(minutes=n), who=who, session_id=name, delay_s=delay,
                   product_id=product if kind != "searched" else None, query="x",
                   category=PRODUCTS.get(product) if kind != "searched" else None, properties=properties)  # fmt: skip


def _order(rng: random.Random, who: str, name: str) -> Iterator[Event]:
    at, channel = _moment(rng), rng.choice(["web", "store", "app", None])
    lines = []
    for product in rng.sample(sorted(PRODUCTS), rng.randrange(1, 4)):
        discount = rng.choice([0, 0, 1.25])
        line = {"product_id": product, "quantity": 1, "amount": 4.5, "list_amount": 4.5 + discount,
                "discount_amount": discount}  # fmt: skip
        lines.append(line | ({"category": "gifts"} if rng.random() < 0.1 else {}))
    properties = {"lines": lines, "discount_amount": sum(line["discount_amount"] for line in lines),  # type: ignore[misc]
                  "coupon_discount_amount": rng.choice([0, 0.5])}  # fmt: skip
    amount = sum((Decimal("4.5") for _ in lines), Decimal(0))
    yield _say(rng, name, "order_completed", at, who=who, order_id=name, amount=amount, channel=channel,
               store_id="s1" if channel == "store" else None, country="US", region=rng.choice(["NY", None]),
               properties=properties)  # fmt: skip
    yield from _aftermath(rng, who, name, at)


def _aftermath(rng: random.Random, who: str, name: str, at: datetime) -> Iterator[Event]:
    promised = (at + timedelta(days=rng.randrange(1, 5))).date()
    # A carrier knows the number of the order, not always the customer.
    carrier = rng.choice([who, ""])
    if rng.random() < 0.7:
        yield _say(rng, f"{name}-p", "delivery_promised", at, who=carrier, order_id=name,
                   properties={"promised_date": promised.isoformat()})  # fmt: skip
    if rng.random() < 0.7:
        yield _say(rng, f"{name}-d", "delivery_completed", at + timedelta(days=rng.randrange(1, 7)), who=carrier,
                   order_id=name)  # fmt: skip
    if rng.random() < 0.3:
        yield _say(rng, f"{name}-f", "delivery_failed", at + timedelta(days=1), who=who, order_id=name)
    if rng.random() < 0.4:
        yield _say(rng, f"{name}-r", "return_requested", at + timedelta(days=6), who=who, order_id=name,
                   properties={"reason": rng.choice(["too small", "broken"])})  # fmt: skip
    if rng.random() < 0.4:
        yield _say(rng, f"{name}-b", "order_refunded", at + timedelta(days=9), who=who, order_id=name,
                   amount=Decimal("4.5"), properties={"lines": []})  # fmt: skip


def _told(rng: random.Random, who: str, name: str) -> Event:
    kind, fields = rng.choice([
        ("support_ticket_opened", {"properties": {"topic": rng.choice(["Late delivery", "Invoice"])}}),
        ("support_ticket_solved", {"properties": {"topic": "Invoice", "satisfaction": rng.choice([1, 4, "n/a"])}}),
        ("review_written", {"product_id": "p1", "properties": {"rating": rng.randrange(1, 6)}}),
        ("points_earned", {"quantity": Decimal(rng.randrange(90))}),
        ("points_spent", {"quantity": Decimal(-rng.randrange(9))}),
        ("subscription_started", {"product_id": "plan"}), ("subscription_cancelled", {"product_id": "plan"}),
        ("subscription_renewed", {"product_id": "plan"}), ("app_opened", {}), ("ad_shown", {"campaign": "c"}),
        ("ad_clicked", {"campaign": "c"}), ("email_bounced", {"campaign": "c"}), ("email_opened", {"campaign": "c"}),
        ("campaign_exposed", {"campaign": "c"}), ("coupon_redeemed", {"campaign": "c"}),
        ("beacon_seen", {"store_id": rng.choice(["s1", "s2"]), "dwell_ms": rng.randrange(9_999)}),
        ("survey_answered", {"properties": {"question": rng.choice(["Diet?", "Favourite tea", "Blood-Type?"]),
                                            "answer": rng.choice(['green "tea"', "vegan"]), "score": 7}}),
        ("survey_answered", {"properties": {"question": "Your age, please", "answer": "44"}}),
        ("profile_updated", {"properties": {"zero_party": {"diet": rng.choice(["none", "vegan"]), "gender": "x"}}}),
    ])  # fmt: skip
    return _say(rng, name, kind, _moment(rng), who=who, **fields)  # type: ignore[arg-type]
