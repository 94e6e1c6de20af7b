"""Which profile attributes decisions use: only these are carried by a snapshot."""

from __future__ import annotations

from collections.abc import Iterable

from serving.placement import Placement, expressions_of
from serving.policy import Policy, variables_in
from serving.scoring import RETURN_RATE
from serving.showings import ANSWERS
from serving.variables import profile_features


def attributes_used(placements: Iterable[Placement], policies: Iterable[Policy]) -> set[str]:
    """Columns of `customer_features` that some rule, in force for some placement, or a placement itself needs."""
    placements = list(placements)
    names = {placement.name for placement in placements}
    used: set[str] = set()
    for policy in policies:
        for rule in policy.rules:
            if not rule.placements or names & set(rule.placements):
                used |= variables_in(rule.when)
    for placement in placements:
        for _, expression in expressions_of(placement):
            used |= variables_in(expression)
        if placement.returns_adjusted:
            used.add(RETURN_RATE)
        if any(action.ask for action in placement.actions):
            used.add(ANSWERS)
    return used & profile_features()
