"""Which methods the data allows: each with what it needs, whether that is there, and what to use until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from orchestration.readiness.lists import LEAST_CLICKS, LEAST_PEOPLE, LEAST_SHOWN
from orchestration.readiness.measures import Measures

MINIMUM_ACTIVE = 10_000
MINIMUM_MONTHS = 3.0
# A churn label needs a horizon behind and a horizon ahead; fewer buyers than this leave too few in a segment.
MINIMUM_REPEAT_BUYERS = 1_000
MINIMUM_ORDERS = 5_000
WEB = ("page_viewed", "product_viewed")
Verdict = Literal["ready", "rules first", "missing"]


@dataclass(frozen=True)
class Method:
    """A method, what it is for, what it needs (each a name and a test), and what serves until it is allowed."""

    name: str
    needs: tuple[tuple[str, Callable[[Measures], bool]], ...]
    until_then: str


@dataclass(frozen=True)
class Judged:
    """A method with its verdict and the needs that are not met."""

    method: str
    verdict: Verdict
    unmet: tuple[str, ...]
    until_then: str


def _has(*event_types: str) -> Callable[[Measures], bool]:
    return lambda measures: any(name in measures.event_types for name in event_types)


def _knows(*identifier_types: str) -> Callable[[Measures], bool]:
    return lambda measures: any(measures.identifiers.get(name, 0) > 0 for name in identifier_types)


ENOUGH_PEOPLE = (f"{MINIMUM_ACTIVE:,} active customers", lambda measures: measures.active_customers >= MINIMUM_ACTIVE)
ENOUGH_TIME = (f"{MINIMUM_MONTHS:g} months of history", lambda measures: measures.months >= MINIMUM_MONTHS)
ENOUGH_REPEATS = (
    f"{MINIMUM_REPEAT_BUYERS:,} customers who bought again",
    lambda measures: measures.repeat_buyers >= MINIMUM_REPEAT_BUYERS,
)
ORDERS = ("orders (order_completed)", _has("order_completed"))
PRODUCTS = ("products on the orders", lambda measures: measures.products_sold > 0)
CATALOGUE = ("a catalogue (product_updated)", _has("product_updated"))
PRICES = ("prices with floors (price_updated)", _has("price_updated"))
VISITS = ("web or app events (page_viewed, product_viewed)", _has(*WEB))
LISTS = (
    ("lists and the items they showed (product_list_viewed)", lambda measures: measures.lists.items_shown > 0),
    ("clicks on their items (product_clicked)", _has("product_clicked")),
    (
        "items with a fit, colour, brand, price or category, on the list or in the catalogue",
        lambda measures: measures.lists.items_described > 0,
    ),
)
ENOUGH_CLICKS = (
    f"{LEAST_CLICKS} clicks and {LEAST_CLICKS} items shown and not clicked",
    lambda measures: min(measures.lists.clicks, measures.lists.items_shown - measures.lists.clicks) >= LEAST_CLICKS,
)
ENOUGH_SHOWN = (f"{LEAST_PEOPLE} people who were shown a list", lambda measures: measures.lists.people >= LEAST_PEOPLE)
ENOUGH_LEVELS = (
    f"an attribute with two levels shown {LEAST_SHOWN} times each",
    lambda measures: bool(measures.lists.attributes),
)
PERSONS = (
    "identifiers that name people (login, loyalty card, e-mail …)",
    lambda measures: measures.known_customers > 0,
)

METHODS = (
    Method("popular products", (ORDERS, PRODUCTS), "editorial lists"),
    Method("rule segments and rules", (PERSONS,), "the same content for everybody"),
    Method("content-based recommendations", (CATALOGUE,), "popular products"),
    Method(
        "bought together",
        (ORDERS, PRODUCTS, (f"{MINIMUM_ORDERS:,} orders", lambda measures: measures.orders >= MINIMUM_ORDERS)),
        "content-based and popular products",
    ),
    Method(
        "collaborative recommendations", (ENOUGH_PEOPLE, ENOUGH_TIME, PRODUCTS), "content-based and popular products"
    ),
    Method("learned segments (KMeans)", (ENOUGH_PEOPLE, ENOUGH_TIME, ORDERS), "rule segments"),
    Method("churn and lifetime value", (ENOUGH_PEOPLE, ENOUGH_TIME, ORDERS, ENOUGH_REPEATS), "recency and frequency"),
    Method("in-session intent and micro-moments", (VISITS,), "decisions from the profile alone"),
    Method(
        "what draws the click (fit, colour, brand …)",
        (*LISTS, ENOUGH_CLICKS, ENOUGH_SHOWN, ENOUGH_LEVELS),
        "the usual order, and what is bought",
    ),
    Method(
        "incentives by uplift",
        (ENOUGH_PEOPLE, ("randomised offers (offer_assigned)", _has("offer_assigned")), PRICES),
        "one offer for all, tested against none",
    ),
    Method("price and promotion rules", (PRICES,), "content without prices"),
    Method(
        "bandits and experiments",
        (ENOUGH_PEOPLE, VISITS, ("what was shown (exposure_shown)", _has("exposure_shown"))),
        "a plain split with a holdout",
    ),
    Method(
        "e-mail personalization",
        (
            ("e-mail addresses", _knows("email")),
            ("consent to e-mail marketing", lambda measures: "marketing_email" in measures.consent_purposes),
        ),
        "none: without consent nobody is written to",
    ),
    Method("B2B accounts", (("e-mail or IP addresses", _knows("email", "ip")),), "persons alone"),
)
# Size and time come by themselves: until then a simpler method serves. What is not sent at all has to be connected.
_GROWS = {
    *(need[0] for need in (ENOUGH_PEOPLE, ENOUGH_TIME, ENOUGH_REPEATS, ENOUGH_CLICKS, ENOUGH_SHOWN, ENOUGH_LEVELS)),
    f"{MINIMUM_ORDERS:,} orders",
}


def judge(measures: Measures) -> list[Judged]:
    """Every method with its verdict: ready, rules first (too little yet), or missing (a source is not connected)."""
    judged = []
    for method in METHODS:
        unmet = tuple(name for name, is_met in method.needs if not is_met(measures))
        verdict: Verdict = "ready" if not unmet else "rules first" if set(unmet) <= _GROWS else "missing"
        judged.append(Judged(method.name, verdict, unmet, method.until_then if unmet else ""))
    return judged


def advice(measures: Measures) -> str:
    """The one sentence that a newcomer needs most."""
    if measures.active_customers >= MINIMUM_ACTIVE and measures.months >= MINIMUM_MONTHS:
        return "Learned segments and models may be used from the start."
    lacking = []
    if measures.active_customers < MINIMUM_ACTIVE:
        lacking.append(f"{measures.active_customers:,} active customers of {MINIMUM_ACTIVE:,}")
    if measures.months < MINIMUM_MONTHS:
        lacking.append(f"{measures.months:g} months of history of {MINIMUM_MONTHS:g}")
    return f"Begin with rules and content-based recommendations: {' and '.join(lacking)}."
