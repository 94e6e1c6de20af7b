"""Which profile attributes decisions use: only these are carried by a snapshot."""

from __future__ import annotations

from collections.abc import Iterable

from serving.placement import Placement
from serving.policy import Policy, variables_in
from serving.variables import profile_features


def attributes_used(placements: Iterable[Placement], policies: Iterable[Policy]) -> set[str]:
    """Columns of `customer_features` that some rule of a policy, in force for some placement, names."""
    names = {placement.name for placement in placements}
    used: set[str] = set()
    for policy in policies:
        for rule in policy.rules:
            if not rule.placements or names & set(rule.placements):
                used |= variables_in(rule.when)
    return used & profile_features()
