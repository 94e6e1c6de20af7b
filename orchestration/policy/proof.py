"""Guardrails proved over everything that is published, before anybody is answered from it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from orchestration.policy.evidence import Breach, Proof
from orchestration.policy.fairness_rules import FairnessRules
from orchestration.policy.guarded import live_variables
from orchestration.policy.people import guard_names, kinds_of_people, profile_names
from orchestration.policy.people_proof import prove_consent, prove_fairness
from orchestration.policy.price_proof import Tally, prove_products
from serving.expression import names_in
from serving.live import LiveSnapshot
from serving.placement import expressions_of
from serving.snapshot.records import ProductRecord
from serving.variables import SENSITIVE

_DECODE = msgspec.msgpack.Decoder(ProductRecord).decode


@dataclass(frozen=True)
class Fairness:
    """Gaps allowed, and who belongs to which group (attribute to customer to group)."""

    rules: FairnessRules = field(default_factory=FairnessRules)
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def prove(live: LiveSnapshot, fairness: Fairness, now: datetime) -> Proof:
    """Run the live evaluator over the distinct values that occur in a version, and tell every breach with an example.

    Args:
        live: the version with its rules, not yet live.
        fairness: groups to compare.
        now: aware.
    """
    began = time.perf_counter()
    products = [_DECODE(value) for _, value in live.reader.stream("product")]
    guarded = kinds_of_people(live, guard_names(live))
    tally = prove_products(live, products, [kind.person for kind in guarded], now)
    consent, pairs = prove_consent(live, [kind.person for kind in guarded], now)
    kinds = kinds_of_people(live, profile_names(live)) if fairness.groups else []
    unfair, figures = prove_fairness(live, kinds, fairness.groups, fairness.rules, _reference(products), now)
    evaluated = dict(tally.evaluated) | {
        "products": len(products),
        "kinds of people": len(guarded),
        "consent by placement": pairs,
        "people compared for fairness": len(kinds),
    }
    breaches = [*_counted(tally), *consent, *_sensitive(live), *unfair]
    return Proof(breaches, evaluated, checked_live(live), figures, round(time.perf_counter() - began, 3))


def prove_changed(live: LiveSnapshot, now: datetime) -> Proof:
    """The same for whoever has changed since the version's data file was written, which was proved with all else.

    Groups are left to the next whole snapshot: they are compared over everybody.
    """
    began = time.perf_counter()
    products = [_DECODE(value) for _, value in live.reader.stream("product")]
    people = [kind.person for kind in kinds_of_people(live, guard_names(live), only_changed=True)]
    tally = prove_products(live, products, people, now)
    consent, pairs = prove_consent(live, people, now)
    evaluated = dict(tally.evaluated) | {
        "products": len(products),
        "kinds of people": len(people),
        "consent by placement": pairs,
    }
    seconds = round(time.perf_counter() - began, 3)
    return Proof([*_counted(tally), *consent], evaluated, checked_live(live), [], seconds)


def checked_live(live: LiveSnapshot) -> dict[str, list[str]]:
    """Rules that read the request, with what they read: no batch can prove them, every request enforces them."""
    rules = ((rule.name, live_variables(rule.when)) for policy in live.reader.policies for rule in policy.rules)
    return {name: read for name, read in rules if read}


def _counted(tally: Tally) -> list[Breach]:
    return [msgspec.structs.replace(breach, cases=tally.cases[key]) for key, breach in tally.breaches.items()]


def _sensitive(live: LiveSnapshot) -> Iterator[Breach]:
    named = [(rule.name, rule.when) for policy in live.reader.policies for rule in policy.rules]
    named += [(p.name, text) for p in live.placements.values() for _, text in expressions_of(p)]
    for name, expression in named:
        for attribute in sorted(names_in(expression) & SENSITIVE):
            yield Breach("sensitive", name, "", name, f"reads {attribute}")


def _reference(products: list[ProductRecord]) -> ProductRecord | None:
    """A product that every cut may be made on: in stock, and its floor is lowest against its price."""
    fit = [p for p in products if p.stock and p.stock > 0 and p.list_price and p.floor_price is not None]
    return min(fit, key=lambda p: ((p.floor_price or 0.0) / (p.list_price or 1.0), p.product_id), default=None)
