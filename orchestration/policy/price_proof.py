"""No offer falls below a bound: every action with every product, as the live rules judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from orchestration.policy.carts import HARMLESS, TriedCart, carts_to_try
from orchestration.policy.evidence import Breach, Kind
from orchestration.policy.guarded import kind_of, objection, provable
from serving.evidence import Evidence, breaches, gather, local_time, price_cut_share, viewed_values
from serving.expression import variables_in
from serving.live import LiveSnapshot
from serving.person import Person
from serving.placement import PRICE_INCENTIVES, Action, Placement
from serving.question import Context
from serving.rulebook import Compiled
from serving.snapshot.records import ProductRecord
from serving.variables import VARIABLES, Value

BOUNDS: tuple[tuple[Kind, str, str], ...] = (
    ("floor", "floor_price", "floor price"),
    ("map", "map_price", "minimum advertised price"),
    ("parity", "parity_price", "parity price"),
)
Case = tuple[Kind, ProductRecord, str]
_PRODUCT_FIELDS = {
    "product_id": "product_id", "product_category": "category", "list_price": "list_price",
    "floor_price": "floor_price", "map_price": "map_price", "product_cost": "cost", "stock": "stock",
    "parity_price": "parity_price", "product_returns_rate": "returns_rate", "product_units_28d": "units_28d",
    "viewed_category": "category", "viewed_list_price": "list_price", "viewed_stock": "stock",
    "viewed_returns_rate": "returns_rate", "viewed_units_28d": "units_28d", "viewed_reviews": "reviews",
    "viewed_rating": "rating",
}  # fmt: skip


@dataclass
class Tally:
    """Breaches by what they are about, and the tuples that were evaluated."""

    breaches: dict[tuple[Kind, str, str, str], Breach] = field(default_factory=dict)
    cases: Counter[tuple[Kind, str, str, str]] = field(default_factory=Counter)
    evaluated: Counter[str] = field(default_factory=Counter)

    def add(self, breach: Breach) -> None:
        """Count a case; the first one is the example."""
        key = breach.kind, breach.placement, breach.action, breach.rule
        self.breaches.setdefault(key, breach)
        self.cases[key] += 1


def prove_products(
    live: LiveSnapshot, products: Sequence[ProductRecord], people: Sequence[Person], now: datetime
) -> Tally:
    """Judge every action that gives something away, and every list of products, with every product.

    Args:
        live: the version with its rules.
        products: all of it.
        people: one for each distinct tuple of profile values that rules read.
        now: aware; only hour and weekday come of it, which no provable rule reads.
    """
    tally = Tally()
    local = local_time(now, live.zone)
    questions = dict.fromkeys(live.watched.questions.values())
    bases = [gather(person, Context(), [], local, answers=questions).values for person in people]
    for placement in live.placements.values():
        for action in placement.actions:
            if action.name in (placement.plain, placement.no_consent):
                continue
            if action.incentive.kind != "none":
                rules = provable(live.rulebook.guard(placement.name, action.name).rules)
                _prove(live, placement, action, _incentive_cases(placement, action, products), rules, bases, tally)
            if action.task is not None:
                rules = provable(live.rulebook.product_guard(placement.name, action.name).rules)
                _prove(live, placement, action, _missing(products), rules, bases, tally)
    return tally


def _prove(
    live: LiveSnapshot,
    placement: Placement,
    action: Action,
    cases: Iterable[Case],
    rules: Sequence[Compiled],
    bases: Sequence[dict[str, Value]],
    tally: Tally,
) -> None:
    """Every case must meet an objection, whoever asks; cases that the rules cannot tell apart are judged once."""
    fixed = live.action_values[placement.name, action.name]
    fields = _fields_read(rules)
    kind_of_person = kind_of(rules)
    people = list({kind_of_person(base): base for base in reversed(bases)}.values())
    carts = carts_to_try([one.rule.when for one in rules], is_value_free=action.incentive.kind != "amount_off")
    answers: dict[tuple[object, ...], bool] = {}
    for kind, product, example in cases:
        key = tuple(getattr(product, name) for name in fields)
        if key not in answers:
            answers[key] = any(_passes(rules, base, product, action, fixed, cart) for base in people for cart in carts)
        if answers[key]:
            tally.add(Breach(kind, placement.name, action.name, _asked(kind, rules), example))
    tally.evaluated["offers and lists with products"] += len(answers) * len(people) * len(carts)


def _passes(
    rules: Sequence[Compiled],
    base: dict[str, Value],
    product: ProductRecord,
    action: Action,
    fixed: dict[str, Value],
    tried: TriedCart,
) -> bool:
    value = product.list_price if tried.value is None else tried.value
    told: dict[str, Value] = {"cart_value": value or 0.0, "known_cart_value": value is not None}
    cart = Evidence(base | viewed_values(product) | told, [product, *(HARMLESS,) * (tried.products - 1)], value)
    return objection(rules, cart.of_product(cart.of_action(action, fixed), product.product_id, product)) is None


def _fields_read(rules: Sequence[Compiled]) -> list[str]:
    """Fields of a product that the answers of these rules depend on."""
    read = frozenset[str]().union(*(variables_in(one.rule.when) for one in rules))
    fields = {_PRODUCT_FIELDS[name] for name in read & _PRODUCT_FIELDS.keys()}
    if any(VARIABLES[name].scope == "cart" for name in read):
        fields |= {"list_price", "floor_price", "map_price", "parity_price", "stock"}
    return sorted(fields)


def _incentive_cases(placement: Placement, action: Action, products: Iterable[ProductRecord]) -> Iterator[Case]:
    for product in products:
        if action.incentive.kind in PRICE_INCENTIVES and product.list_price is not None:
            share = price_cut_share(action, product.list_price)
            for (kind, name, words), below in zip(BOUNDS, breaches(product, share), strict=True):
                if below:
                    price = round(product.list_price * (1.0 - share), 4)
                    told = f"{product.list_price:g} becomes {price:g}, {words} {getattr(product, name):g}"
                    yield kind, product, f"product {product.product_id}: {told}"
        if placement.decision_right == "pricing_promotion" and product.stock is not None and product.stock <= 0:
            yield "stock", product, f"product {product.product_id} has {product.stock:g} units on hand"


def _missing(products: Sequence[ProductRecord]) -> Iterator[Case]:
    """Products that are not there; in a shop that says of no product how many there are, none is missing."""
    if all(product.stock is None for product in products):
        return
    for product in products:
        if product.stock is None or product.stock <= 0:
            units = "no known stock" if product.stock is None else f"{product.stock:g} units on hand"
            yield "stock", product, f"product {product.product_id} has {units} and is recommended"


def _asked(kind: str, rules: Sequence[Compiled]) -> str:
    names = ", ".join(one.rule.name for one in rules)
    return f"no rule keeps the {kind}; passed {names}" if names else f"no rule keeps the {kind}"
