"""The models there are: what each says, in words for people who never trained one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from orchestration.model_registry import ModelRegistry


@dataclass(frozen=True)
class Kind:
    """What a model says.

    Attributes:
        title: its name for people.
        says: one sentence.
        unit: of its scores, for the axis of a picture.
        figure: the metric that a list shows, as the card's metrics name it; empty: none.
    """

    title: str
    says: str
    unit: str = "score"
    figure: str = ""


_LEAVES = "The probability that a customer places no order within the horizon."
_SPENDS = "What a customer will spend within the horizon, with a range that holds eight times out of ten."
KINDS: Final = {
    "segments": Kind(
        "Segments", "Which group of customers with similar habits somebody belongs to.", figure="silhouette"
    ),
    "churn": Kind("Churn", _LEAVES, "share who left", "roc_auc"),
    "churn_near": Kind("Churn, near horizon", _LEAVES, "share who left", "roc_auc"),
    "value": Kind("Lifetime value", _SPENDS, "spend a customer", "normalised_gini"),
    "value_near": Kind("Lifetime value, near horizon", _SPENDS, "spend a customer", "normalised_gini"),
    "next_purchase": Kind(
        "Next purchase", "Between which days a customer buys next.", "share without a purchase", "interval_score"
    ),
    "next_category": Kind("Next category", "From which category a customer buys first, next.", figure="top_3"),
    "price": Kind(
        "Price sensitivity", "How much of what a customer buys will be at a discount.", "share of seekers", "seeker_auc"
    ),
    "recommendations": Kind("Recommendations", "Which way of recommending products serves best here.", figure="ndcg"),
    "incentives": Kind("Incentives", "What free shipping or a discount changes, and whether that pays for itself."),
    "clicks": Kind("Clicks", "What about an item draws the click in a list, over everybody and in each segment."),
    "visits": Kind("Visits", "During a visit: whether an order follows, and whether it ends within ten seconds."),
}
# Without these three there is no decision; the others add to it.
NEEDED: Final = ("segments", "churn", "value")


def model_names(registry: ModelRegistry) -> list[str]:
    """Models with a champion: the known ones in order, then whatever else was trained."""
    found = registry.names()
    return [*(name for name in KINDS if name in found), *(name for name in found if name not in KINDS)]


def kind_of(name: str) -> Kind:
    """What a model says; of an unknown one its name."""
    return KINDS.get(name) or Kind(name.replace("_", " ").capitalize(), "")


def in_order(names: Iterable[str]) -> list[str]:
    """Names as `model_names` orders them."""
    places = {name: place for place, name in enumerate(KINDS)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))
