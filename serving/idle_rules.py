"""Rules that can never matter, as far as the files alone tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serving.placement import Placement
from serving.policy import Policy, Rule


def idle_rules(placements: Sequence[Placement], policies: Sequence[Policy]) -> list[tuple[str, str]]:
    """(rule, why) of rules without effect."""
    return [(rule.name, why) for policy in policies for rule in policy.rules for why in _why(rule, placements)]


def _why(rule: Rule, placements: Sequence[Placement]) -> Iterator[str]:
    concerned = [(p, a) for p in placements for a in p.actions if rule.concerns(p.name, a.name)]
    if not concerned:
        yield "it concerns no action"
    elif rule.effect in ("allow", "block") and all(a.name in (p.plain, p.no_consent) for p, a in concerned):
        yield "it judges plain actions only, which rules spare"
    elif rule.effect == "force" and all(a.task is not None for _, a in concerned):
        yield "it forces lists of products only, which are not forced"
    elif rule.target == "product" and all(a.task is None for _, a in concerned):
        yield "it judges products, and none of its actions shows any"
    if rule.when.strip() in ("false", "!true") and rule.effect in ("force", "reason", "block"):
        yield "its expression is never true"
