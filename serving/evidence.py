"""The values that expressions see: typed, never null, with a flag for what is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from serving.click_evidence import ClickEvidence
from serving.person import PROFILE_PURPOSES, Person
from serving.placement import Action
from serving.question import Context
from serving.segments_used import SegmentsUsed
from serving.snapshot.records import ProductRecord
from serving.uplift import Advice
from serving.variables import (
    ACCOUNT_STAGE,
    ANSWER,
    CLICK_DRIVER,
    MICRO_SEGMENT,
    RULE_SEGMENTS,
    VARIABLES,
    Kind,
    Value,
    known_name,
    profile_features,
)

_BLANK: dict[str, Value] = {name: variable.default for name, variable in VARIABLES.items()}
_BLANK |= {known_name(name): False for name in VARIABLES}
_KINDS: dict[str, Kind] = {name: variable.kind for name, variable in VARIABLES.items()}
_CONVERT: dict[str, Any] = {
    "int": int, "double": float, "string": str, "bool": bool, "list": tuple,
}  # fmt: skip
# Type and flag by name: two look-ups less for each of some forty values of a question.
_SLOTS = {name: (_CONVERT[kind], known_name(name)) for name, kind in _KINDS.items()}
_FEATURES = profile_features() | {ACCOUNT_STAGE}
# Variable and the field it comes from.
_CONTEXT = (
    *((name, name) for name in ("device_type", "page_type", "channel", "session_seconds", "cart_value", "lingers_on")),
    ("view_category", "category"),
    ("place", "region"),
    ("place", "postal_code"),
)
_VIEWED = (
    ("viewed_category", "category"),
    ("viewed_list_price", "list_price"),
    ("viewed_stock", "stock"),
    ("viewed_returns_rate", "returns_rate"),
    ("viewed_units_28d", "units_28d"),
    ("viewed_reviews", "reviews"),
    ("viewed_rating", "rating"),
)
_BELOW = ("products_below_floor", "products_below_map", "products_below_parity")
_OF_CART = tuple(
    known_name(name)
    for name in ("price_cut_share", "cart_products", "products_without_price", *_BELOW, "products_out_of_stock")
)
_MAXIMUM_INT = 2**63 - 1


class Evidence:
    """Values of one request, from which those of an action or product are derived."""

    def __init__(self, values: dict[str, Value], cart: list[ProductRecord | None], cart_value: float | None) -> None:
        self.values = values
        self._cart = cart
        self._cart_value = cart_value
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
        own = action_values(action) if fixed is None else fixed
        values = self._with_cart(price_cut_share(action, self._cart_value)) | own
        return values if self._advice is None else values | self._advice.of_action(action.name)

    def of_product(self, values: dict[str, Value], product_id: str, product: ProductRecord | None) -> dict[str, Value]:
        """Values of an action with those of one product."""
        values = values.copy()
        _put(values, "product_id", product_id)
        if product is not None:
            _put(values, "product_category", product.category)
            _put(values, "list_price", product.list_price)
            _put(values, "floor_price", product.floor_price)
            _put(values, "map_price", product.map_price)
            _put(values, "product_cost", product.cost)
            _put(values, "stock", product.stock)
            _put(values, "parity_price", product.parity_price)
            _put(values, "product_returns_rate", product.returns_rate)
            _put(values, "product_units_28d", product.units_28d)
        return values

    def _with_cart(self, share: float) -> dict[str, Value]:
        values = self._by_share.get(share)
        if values is None:
            values = self._by_share[share] = self.values | _cart_values(self._cart, share)
        return values


def viewed_values(product: ProductRecord) -> dict[str, Value]:
    """The values of the product in view."""
    values: dict[str, Value] = {}
    for name, field in _VIEWED:
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


def _cart_values(cart: list[ProductRecord | None], share: float) -> dict[str, Value]:
    known = [product for product in cart if product is not None]
    values: dict[str, Value] = dict.fromkeys(_OF_CART, True)
    values["price_cut_share"] = share + 0.0
    values["cart_products"] = len(cart)
    values["products_without_price"] = len(cart) - sum(not _unpriced(product) for product in known)
    values["products_below_floor"] = values["products_below_map"] = values["products_below_parity"] = 0
    if share:
        below = [breaches(product, share) for product in known]
        for index, name in enumerate(_BELOW):
            values[name] = sum(found[index] for found in below)
    values["products_out_of_stock"] = len(cart) - sum(bool(product.stock) for product in known)
    return values


def gather(
    person: Person,
    context: Context,
    cart: list[ProductRecord | None],
    local: datetime,
    visit: Mapping[str, Value] | None = None,
    viewed: ProductRecord | None = None,
    answers: Mapping[str, str | None] | None = None,
) -> Evidence:
    """Evidence of one request.

    Args:
        person: who asks.
        context: the moment as the caller tells it.
        cart: products named by the context, None for each unknown one.
        local: the moment in the shop's time zone.
        visit: what the visitor is doing.
        viewed: the product in view.
        answers: question to answer, None where none was given.
    """
    values = _BLANK.copy()
    for name, value in (visit or {}).items():
        if name in _KINDS:
            _put(values, name, value)
    for question, answer in answers.items() if answers else ():
        values[ANSWER + question], values[known_name(ANSWER + question)] = answer or "", answer is not None
    _put(values, "customer_known", person.known)
    _put_profile(values, person)
    for name, field in _CONTEXT:
        value = getattr(context, field)
        if value is not None:
            _put(values, name, value)
    if context.filters:
        _put(values, "filters", ",".join(context.filters))
    if viewed is not None:
        values |= viewed_values(viewed)
    _put(values, "hour", local.hour if context.hour is None else context.hour)
    _put(values, "weekday", local.isoweekday())
    return Evidence(values, cart, context.cart_value)


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


def _put_profile(values: dict[str, Value], person: Person) -> None:
    profile = person.profile
    if profile is None:
        return
    for name in ("segment_id", "segment_name", "churn_probability", "ltv_amount"):
        _put(values, name, getattr(profile, name))
    for name in _FEATURES & profile.features.keys():
        _put(values, name, profile.features[name])
    for purpose in PROFILE_PURPOSES:
        _put(values, f"consent_{purpose}", purpose in person.granted)


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


def _unpriced(product: ProductRecord) -> bool:
    return product.list_price is None or product.floor_price is None


def breaches(product: ProductRecord, share: float) -> tuple[bool, ...]:
    """Whether the price after the cut lies below floor, minimum advertised price and parity."""
    if share == 0.0 or product.list_price is None:
        return False, False, False
    price = round(product.list_price * (1.0 - share), 4)
    bounds = product.floor_price, product.map_price, product.parity_price
    return tuple(bound is not None and price < bound for bound in bounds)
