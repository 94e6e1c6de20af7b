"""The values that expressions see: typed, never null, with a flag for what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from serving.click_evidence import ClickEvidence
from serving.person import Person
from serving.placement import Action
from serving.question import Context
from serving.segments_used import SegmentsUsed
from serving.snapshot.records import ProductRecord
from serving.uplift import Advice
from serving.variables import (
    ANSWER,
    CLICK_DRIVER,
    MICRO_SEGMENT,
    RULE_SEGMENTS,
    VARIABLES,
    Kind,
    Value,
    known_name,
)
from serving.wanted import BELOW, COUNTED, EVERYTHING, Wanted

_KINDS: dict[str, Kind] = {name: variable.kind for name, variable in VARIABLES.items()}
_CONVERT: dict[str, Any] = {
    "int": int, "double": float, "string": str, "bool": bool, "list": tuple,
}  # fmt: skip
# Type and flag by name: two look-ups less for each of some forty values of a question.
_SLOTS = {name: (_CONVERT[kind], known_name(name)) for name, kind in _KINDS.items()}
# Of a cart before any cut. Products are looked up where some rule counts them, or some action lowers a price.
_UNCUT: dict[str, Value] = {"price_cut_share": 0.0, **dict.fromkeys(BELOW, 0)}
_UNCUT |= {known_name(name): True for name in ("price_cut_share", "cart_products", *BELOW)}
_KNOWN_IF_SEEN = dict.fromkeys(map(known_name, COUNTED), True)
_MAXIMUM_INT = 2**63 - 1


class Evidence:
    """Values of one request, from which those of an action or product are derived; of `wanted` variables alone."""

    __slots__ = ("_advice", "_by_share", "_cart", "_cart_value", "_wanted", "clicks", "segments", "values")

    def __init__(
        self,
        values: dict[str, Value],
        cart: Sequence[ProductRecord | None],
        cart_value: float | None,
        wanted: Wanted = EVERYTHING,
    ) -> None:
        self.values = values
        self._cart = cart
        self._cart_value = cart_value
        self._wanted = wanted
        self._by_share: dict[float, dict[str, Value]] = {}
        self._advice: Advice | None = None
        self.segments: SegmentsUsed | None = None
        self.clicks: ClickEvidence | None = None

    def advise(self, advice: Advice) -> None:
        """Let the values know what the uplift model advises; before any action is judged."""
        self._advice = advice
        self.values |= advice.of_everything

    def belong(self, segments: SegmentsUsed | None) -> None:
        """Let the values know the segments a person is in; before any action is judged."""
        self.segments = segments
        if segments is not None:
            _put(self.values, RULE_SEGMENTS, tuple(segments.rules))
            _put(self.values, MICRO_SEGMENT, segments.micro_segment or None)

    def follow(self, clicks: ClickEvidence | None) -> None:
        """Let the values know what draws clicks; before any action is judged."""
        self.clicks = clicks
        if clicks is not None:
            _put(self.values, CLICK_DRIVER, clicks.attribute)

    def of_action(self, action: Action, fixed: dict[str, Value] | None = None) -> dict[str, Value]:
        """Values with those of one action (`fixed`, when they are known already) and of the cart after it."""
        return self.about(action) | (action_values(action) if fixed is None else fixed)

    def about(self, action: Action) -> dict[str, Value]:
        """`of_action` without what no request changes; not to be altered, for others with the same cut share it."""
        values = self._with_cart(price_cut_share(action, self._cart_value))
        return values if self._advice is None else values | self._advice.of_action(action.name)

    def of_product(self, values: dict[str, Value], product_id: str, product: ProductRecord | None) -> dict[str, Value]:
        """Values of an action with those of one product."""
        values = values.copy()
        _put(values, "product_id", product_id)
        if product is not None:
            for name, field in self._wanted.judged:
                _put(values, name, getattr(product, field))
        return values

    def _with_cart(self, share: float) -> dict[str, Value]:
        values = self._by_share.get(share)
        if values is None:
            values = self.values if not share else self._with_cart(0.0)
            if self._wanted.needs_cart:
                values = values | (_cut_values(self._cart, share) if share else self._uncut_values())
            self._by_share[share] = values
        return values

    def _uncut_values(self) -> dict[str, Value]:
        counts = _counted(self._cart) if self._wanted.needs_products else {}
        return {**_UNCUT, "cart_products": len(self._cart), **counts}


def viewed_values(product: ProductRecord, wanted: Wanted = EVERYTHING) -> dict[str, Value]:
    """The values of the product in view."""
    values: dict[str, Value] = {}
    for name, field in wanted.viewed:
        _put(values, name, getattr(product, field))
    return values


def action_values(action: Action) -> dict[str, Value]:
    """The values of an action that no request changes."""
    values: dict[str, Value] = {}
    _put(values, "action_name", action.name)
    _put(values, "action_type", action.type)
    _put(values, "action_category", action.tags.get("category"))
    _put(values, "action_cost", action.cost)
    _put(values, "incentive_kind", action.incentive.kind)
    _put(values, "incentive_value", action.incentive.value)
    return values


def _counted(cart: Sequence[ProductRecord | None]) -> dict[str, Value]:
    without_price = out_of_stock = 0
    for product in cart:
        if product is None or product.list_price is None or product.floor_price is None:
            without_price += 1
        if product is None or not product.stock:
            out_of_stock += 1
    return {**_KNOWN_IF_SEEN, "products_without_price": without_price, "products_out_of_stock": out_of_stock}


def _cut_values(cart: Sequence[ProductRecord | None], share: float) -> dict[str, Value]:
    """What a price cut changes; products that nobody looked up fall below nothing."""
    below_floor = below_map = below_parity = 0
    for product in cart:
        if product is not None:
            below = breaches(product, share)
            below_floor, below_map, below_parity = below_floor + below[0], below_map + below[1], below_parity + below[2]
    return {
        "price_cut_share": share,
        "products_below_floor": below_floor,
        "products_below_map": below_map,
        "products_below_parity": below_parity,
    }


def gather(
    person: Person,
    context: Context,
    cart: Sequence[ProductRecord | None],
    local: datetime | None,
    visit: Mapping[str, Value] | None = None,
    viewed: ProductRecord | None = None,
    answers: Mapping[str, str | None] | None = None,
    wanted: Wanted = EVERYTHING,
) -> Evidence:
    """Evidence of one request.

    Args:
        person: who asks.
        context: the moment as the caller tells it.
        cart: products named by the context, None for each unknown one.
        local: the moment in the shop's time zone; None where no rule reads the time.
        visit: what the visitor is doing.
        viewed: the product in view.
        answers: question to answer, None where none was given.
        wanted: what rules read.
    """
    values = wanted.blank.copy()
    if visit:
        for name in visit.keys() & wanted.names:
            _put(values, name, visit[name])
    for question, answer in answers.items() if answers else ():
        values[ANSWER + question], values[known_name(ANSWER + question)] = answer or "", answer is not None
    if wanted.needs_person:
        _put_person(values, person, wanted)
    for name, field in wanted.context:
        _put(values, name, getattr(context, field))
    if context.filters and "filters" in wanted.names:
        _put(values, "filters", ",".join(context.filters))
    if viewed is not None:
        values |= viewed_values(viewed, wanted)
    if local is not None and wanted.needs_time:
        _put(values, "hour", local.hour if context.hour is None else context.hour)
        _put(values, "weekday", local.isoweekday())
    return Evidence(values, cart, context.cart_value, wanted)


def local_time(now: datetime, zone: ZoneInfo) -> datetime:
    """`now` as the shop's clocks show it."""
    return now.astimezone(zone)


def price_cut_share(action: Action, cart_value: float | None) -> float:
    """Share of the cart's value an action takes off; an amount off a cart of unknown value counts as all of it."""
    incentive = action.incentive
    if incentive.kind == "percent_off":
        return incentive.value
    if incentive.kind == "amount_off":
        return min(1.0, incentive.value / cart_value) if cart_value else 1.0
    return 0.0


def _put_person(values: dict[str, Value], person: Person, wanted: Wanted) -> None:
    if "customer_known" in wanted.names:
        _put(values, "customer_known", person.known)
    profile = person.profile
    if profile is None:
        return
    for name in wanted.stored_apart:
        _put(values, name, getattr(profile, name))
    if wanted.features:
        carried = profile.features
        for name in wanted.features:
            _put(values, name, carried.get(name))
    for name, purpose in wanted.purposes:
        _put(values, name, purpose in person.granted)


def _put(values: dict[str, Value], name: str, value: Value | None) -> None:
    if value is None:
        return
    kind, flag = _SLOTS[name]
    if type(value) is not kind:
        try:
            value = kind(value)
        except (ValueError, OverflowError):
            return
    if isinstance(value, float):
        # The memo of answers takes -0.0 for 0.0, so there is only one of them; a NaN is no value.
        if value != value:
            return
        value += 0.0
    elif isinstance(value, int) and not -_MAXIMUM_INT <= value <= _MAXIMUM_INT:
        return
    values[name] = value
    values[flag] = True


def breaches(product: ProductRecord, share: float) -> tuple[bool, bool, bool]:
    """Whether the price after the cut lies below floor, minimum advertised price and parity."""
    if share == 0.0 or product.list_price is None:
        return False, False, False
    price = round(product.list_price * (1.0 - share), 4)
    floor, advertised, parity = product.floor_price, product.map_price, product.parity_price
    return (
        floor is not None and price < floor,
        advertised is not None and price < advertised,
        parity is not None and price < parity,
    )
