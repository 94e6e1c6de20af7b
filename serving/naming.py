"""Placements whose rules or expressions name certain variables; the others are spared what these cost."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from serving.expression import variables_in
from serving.placement import Placement, expressions_of
from serving.policy import Policy


def placements_naming(
    variables: AbstractSet[str], placements: Iterable[Placement], policies: Iterable[Policy]
) -> frozenset[str]:
    """Names of placements with a rule about one of their actions, or an expression, that names one of these."""
    rules = [rule for policy in policies for rule in policy.rules if variables_in(rule.when) & variables]
    return frozenset(
        placement.name
        for placement in placements
        if any(rule.concerns(placement.name, action.name) for rule in rules for action in placement.actions)
        or any(variables_in(expression) & variables for _, expression in expressions_of(placement))
    )
