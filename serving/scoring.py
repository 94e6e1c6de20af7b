"""Scores of actions under a placement's objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import msgspec

from serving.action import Action
from serving.placement import Placement
from serving.snapshot.records import DecisionRow, ProfileRecord
from serving.strategy import Weights

# Observations at which a segment's own figure and everybody's count the same in a row (ml.decision_rows).
PRIOR_OBSERVATIONS = 100.0
RETURN_RATE = "return_order_rate"
DECLARED = "declared margin effect"
_PLAIN_WEIGHTS = Weights()


def least_support(placement: Placement) -> int:
    """Observations a row needs: n / (n + 100) is the share of own evidence in it, the confidence asked for."""
    share = placement.minimum_confidence
    return max(placement.minimum_support, ceil(PRIOR_OBSERVATIONS * share / (1.0 - share) - 1e-9))


def is_weighted(placement: Placement) -> bool:
    """Whether rows have to be scored anew."""
    return placement.returns_adjusted or placement.weights != _PLAIN_WEIGHTS


def rescored(
    placement: Placement, rows: Sequence[DecisionRow], actions: Mapping[str, Action], profile: ProfileRecord | None
) -> list[DecisionRow]:
    """Rows under the placement's weights, best first, ties by action.

    Adjusted for returns, what an action earns counts for the share of orders that the person keeps, and what it costs
    counts whole: (score + cost) (1 - r) - cost, with r the person's share of orders sent back.
    """
    kept = 1.0 - _return_rate(profile) if placement.returns_adjusted else 1.0
    found = []
    for row in rows:
        action, weights = actions[row.action], placement.weights
        margin = (row.score + action.cost) * kept - action.cost
        score = weights.margin * margin + weights.effect * (action.margin_effect or 0.0) - weights.cost * action.cost
        found.append(msgspec.structs.replace(row, score=score))
    return sorted(found, key=lambda row: (-row.score, row.action))


def declared_rows(placement: Placement) -> list[DecisionRow]:
    """Rows by declared margin effects, less the cost, for a placement of which nothing has been measured yet."""
    found = [
        DecisionRow(placement.name, -1, "any", action.name, action.margin_effect - action.cost, DECLARED, 0)
        for action in placement.actions
        if action.margin_effect is not None
    ]
    return sorted(found, key=lambda row: (-row.score, row.action))


def _return_rate(profile: ProfileRecord | None) -> float:
    value = None if profile is None else profile.features.get(RETURN_RATE)
    return min(1.0, max(0.0, float(value))) if isinstance(value, int | float) else 0.0
