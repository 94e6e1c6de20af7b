"""A thousand questions as a shop would ask them: known people, strangers, people who said no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

PLACEMENTS = ("home_hero", "weekly_email_offer", "product_recommendation", "checkout_incentive")
# Of every ten questions: seven from people the shop knows, two from strangers, one from somebody who refused.
SHARES = {"known": 0.7, "stranger": 0.2, "refused": 0.1}
# How a known person shows up; a placement in a letter always has the address.
KINDS = ("loyalty_id", "email", "cookie")
DEVICES = ("mobile", "desktop", "tablet")
PAGES = {
    "home_hero": ("home", "web"),
    "weekly_email_offer": ("email", "email"),
    "product_recommendation": ("product", "web"),
    "checkout_incentive": ("checkout", "web"),
}


@dataclass(frozen=True)
class Acquaintance:
    """A person the shop knows: identifiers in clear by type, and whether personalization was agreed to."""

    identifiers: Mapping[str, str]
    agreed: bool


@dataclass(frozen=True)
class Asked:
    """One question: who was meant (`known`, `stranger`, `refused`) and the body for the service."""

    who: str
    placement: str
    body: Mapping[str, Any] = field(default_factory=dict)


def draw_questions(people: Sequence[Acquaintance], products: Sequence[str], *, number: int, seed: int) -> list[Asked]:
    """Questions for all four placements in turn, in several contexts; the same seed asks the same.

    Without anybody of a kind (nobody refused, say) those questions come from strangers.
    """
    rng = np.random.default_rng(seed)
    groups = {"known": [p for p in people if p.agreed], "refused": [p for p in people if not p.agreed]}
    kinds = rng.choice(list(SHARES), size=number, p=list(SHARES.values())).tolist()
    return [_draw(rng, kind, PLACEMENTS[i % len(PLACEMENTS)], groups, products, i) for i, kind in enumerate(kinds)]


def _draw(
    rng: np.random.Generator,
    kind: str,
    placement: str,
    groups: Mapping[str, Sequence[Acquaintance]],
    products: Sequence[str],
    number: int,
) -> Asked:
    candidates = groups.get(kind, ())
    who = kind if candidates else "stranger"
    if candidates:
        identifiers = _shown(rng, candidates[int(rng.integers(len(candidates)))], placement)
    else:
        identifiers = [{"type": "cookie", "value": f"demo-stranger-{number}"}]
    body = {"placements": [placement], "identifiers": identifiers, "context": _context(rng, placement, products)}
    return Asked(who, placement, body)


def _shown(rng: np.random.Generator, person: Acquaintance, placement: str) -> list[dict[str, str]]:
    kinds = [kind for kind in KINDS if kind in person.identifiers]
    wanted = "email" if PAGES[placement][1] == "email" else str(rng.choice(kinds))
    kind = wanted if wanted in kinds else kinds[0]
    return [{"type": kind, "value": person.identifiers[kind]}]


def _context(rng: np.random.Generator, placement: str, products: Sequence[str]) -> dict[str, Any]:
    page, channel = PAGES[placement]
    context: dict[str, Any] = {"page_type": page, "channel": channel, "device_type": str(rng.choice(DEVICES))}
    context["hour"] = int(rng.integers(24))
    if page == "product" and products:
        context["product_id"] = products[int(rng.integers(len(products)))]
    if page == "checkout":
        context["cart_value"] = round(float(rng.gamma(2.0, 20.0)), 2)
    return context
