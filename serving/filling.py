"""What the product in view or the place of delivery puts into an action's content."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from serving.judge import Bench
from serving.live import LiveSnapshot
from serving.question import Context
from serving.showings import Showings
from serving.snapshot.records import ReviewRecord

NEEDS_DATA = "needs_data"
_NOTHING = "There is nothing to show here yet."
Filled = dict[str, Any]


def fill(live: LiveSnapshot, context: Context, shown: Showings, bench: Bench) -> None:
    """Put what actions are filled with onto the bench, and take off those for which there is nothing."""
    for action in list(bench.permitted.values()):
        if action.fill is None:
            continue
        found = _FILLINGS[action.fill](live, context, shown)
        if found is None:
            bench.block(action.name, _NOTHING, NEEDS_DATA)
        else:
            bench.filled[action.name] = found


def _evidence(live: LiveSnapshot, context: Context, _: Showings) -> Filled | None:
    product = live.reader.product(context.product_id or "")
    if product is None:
        return None
    named = ("units_28d", "reviews", "rating", "returns_rate", "stock")
    return {name: value for name in named if (value := getattr(product, name)) is not None} or None


def _promise(live: LiveSnapshot, context: Context, _: Showings) -> Filled | None:
    for place in (context.postal_code, context.region, context.country, ""):
        found = None if place is None else live.reader.promise(place)
        if found is not None:
            return {
                "place": found.place,
                "earliest_days": found.earliest_days,
                "latest_days": found.latest_days,
                "confidence": found.confidence,
                "measured_coverage": found.coverage,
                "orders": found.n,
            }
    return None


def _review(live: LiveSnapshot, context: Context, shown: Showings) -> Filled | None:
    reviews = live.reader.reviews(context.product_id or "")
    if not reviews:
        return None
    words = _words(context, shown.answers.values())
    best = max(reviews, key=lambda review: len(_matches(review, words)))
    return {"review_id": best.review_id, "rating": best.rating, "matched_on": _matches(best, words)}


def _matches(review: ReviewRecord, words: frozenset[str]) -> list[str]:
    return [text for text in (review.use, review.experience) if text is not None and text.casefold() in words]


def _words(context: Context, answers: Iterable[str | None]) -> frozenset[str]:
    """What the visitor has told of themselves: answers, the listing's category and values of active filters."""
    filters = [text.rpartition("=")[2] for text in context.filters]
    return frozenset(text.casefold() for text in (*answers, context.category, *filters) if text)


_FILLINGS: dict[str, Callable[[LiveSnapshot, Context, Showings], Filled | None]] = {
    "evidence": _evidence,
    "matching_review": _review,
    "delivery_promise": _promise,
}
