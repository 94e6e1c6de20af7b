"""Evidence is typed and never null; the cart's arithmetic is right at its bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.evidence import gather, local_time, price_cut_share
from serving.person import Person
from serving.placement import Action
from serving.question import Context
from serving.snapshot.records import ProductRecord, ProfileRecord
from serving.variables import VARIABLES
from tests.serving import sample

TYPES = {"int": int, "double": float, "string": str, "bool": bool, "list": tuple}
UNKNOWN = Person(None, "", frozenset())
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4))


def action(kind: str = "none", value: float = 0.0, **more: Any) -> Action:
    return Action.model_validate({"name": "a", "type": "t", "incentive": {"kind": kind, "value": value}, **more})


def person(**features: Any) -> Person:
    return Person(ProfileRecord("c", features=features), "c", frozenset())


@given(st.dictionaries(st.sampled_from(sorted(VARIABLES)), VALUES))
def test_every_variable_has_its_type_whatever_the_profile_says(features: dict[str, Any]) -> None:
    values = gather(person(**features), Context(), [], sample.NOW).of_action(action())
    for name, variable in VARIABLES.items():
        assert type(values[name]) is TYPES[variable.kind], name
        assert type(values[f"known_{name}"]) is bool
        assert values[name] == values[name], f"{name} is not a number"
        if not values[f"known_{name}"]:
            assert values[name] == variable.default


def test_what_is_not_known_says_so() -> None:
    values = gather(UNKNOWN, Context(), [], sample.NOW).values
    assert values["known_recency_days"] is False
    assert values["customer_known"] is False
    assert values["known_customer_known"] is True
    values = gather(person(recency_days=0), Context(), [], sample.NOW).values
    assert (values["recency_days"], values["known_recency_days"]) == (0, True)


def test_a_feature_cannot_pose_as_something_else() -> None:
    values = gather(person(consent_marketing_email=True, stock=99), Context(), [], sample.NOW).values
    assert values["consent_marketing_email"] is False
    assert values["known_stock"] is False


def test_hour_and_weekday_are_the_shops() -> None:
    local = local_time(datetime(2018, 1, 2, 3, 30, tzinfo=UTC), ZoneInfo("America/New_York"))
    values = gather(UNKNOWN, Context(), [], local).values
    assert (values["hour"], values["weekday"]) == (22, 1)
    assert gather(UNKNOWN, Context(hour=5), [], local).values["hour"] == 5


@pytest.mark.parametrize(
    ("kind", "value", "cart", "share"),
    [
        ("none", 0.0, 50.0, 0.0),
        ("free_shipping", 4.95, 50.0, 0.0),
        ("percent_off", 0.1, None, 0.1),
        ("amount_off", 5.0, 50.0, 0.1),
        ("amount_off", 5.0, 2.0, 1.0),
        ("amount_off", 5.0, None, 1.0),
        ("amount_off", 5.0, 0.0, 1.0),
    ],
)
def test_price_cut_share(kind: str, value: float, cart: float | None, share: float) -> None:
    assert price_cut_share(action(kind, value), cart) == pytest.approx(share)


@pytest.mark.parametrize(
    ("product", "floor", "advertised"),
    [
        (ProductRecord("p", list_price=10.0, floor_price=9.0), 0, 0),
        (ProductRecord("p", list_price=10.0, floor_price=9.0001), 1, 0),
        (ProductRecord("p", list_price=10.0, floor_price=1.0, map_price=9.5), 0, 1),
        (ProductRecord("p", list_price=0.7, floor_price=0.63, map_price=0.63), 0, 0),
    ],
)
def test_breaches_at_their_bounds(product: ProductRecord, floor: int, advertised: int) -> None:
    values = gather(UNKNOWN, Context(), [product], sample.NOW).of_action(action("percent_off", 0.1))
    assert (values["products_below_floor"], values["products_below_map"]) == (floor, advertised)
    untouched = gather(UNKNOWN, Context(), [product], sample.NOW).of_action(action())
    assert (untouched["products_below_floor"], untouched["products_below_map"]) == (0, 0)


def test_products_without_price_or_stock_are_counted() -> None:
    cart = [None, ProductRecord("a", stock=3.0), ProductRecord("b", list_price=1.0, floor_price=0.5, stock=0.0)]
    values = gather(UNKNOWN, Context(), cart, sample.NOW).of_action(action())
    counted = ("cart_products", "products_without_price", "products_out_of_stock")
    assert [values[name] for name in counted] == [3, 2, 2]
