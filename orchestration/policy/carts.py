"""Carts that a guardrail is tried with: it must hold beside other products, and whatever the cart is worth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from serving.cel_hints import STRINGS
from serving.expression import variables_in
from serving.snapshot.records import ProductRecord

HARMLESS: Final = ProductRecord("", "", 1.0, 0.0, None, 0.0, 1e9)
"""A product that no cut takes below a bound, and of which there is always one."""
# As of a question: serving/question.py.
MOST_PRODUCTS: Final = 100
MOST_VALUE: Final = 10_000_000.0
_MOST_CARTS: Final = 64
_CENT: Final = 0.01
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


@dataclass(frozen=True)
class TriedCart:
    """A cart of the product in question and `products` - 1 others; worth `value`, or as much as the product."""

    products: int = 1
    value: float | None = None


def carts_to_try(expressions: Iterable[str], *, is_value_free: bool) -> list[TriedCart]:
    """The cart of one product, and those on either side of every number that rules may compare a cart with.

    Args:
        expressions: of the rules.
        is_value_free: whether a cart of another value changes nothing in what the action takes off each product.
    """
    expressions = list(expressions)
    sizes = {1} | {size for n in _numbers(expressions, "cart_products") for size in (int(n) - 1, int(n), int(n) + 1)}
    of_value = _numbers(expressions, "cart_value") if is_value_free else []
    values = {None} | {value for n in of_value for value in (n - _CENT, n, n + _CENT)}
    known_sizes = sorted(size for size in sizes if 1 <= size <= MOST_PRODUCTS)
    known_values = [None, *sorted(value for value in values if value is not None and 0 <= value <= MOST_VALUE)]
    every = [TriedCart(size, value) for size, value in product(known_sizes, known_values)]
    return every if len(every) <= _MOST_CARTS else _few(known_sizes, known_values)


def _few(sizes: Sequence[int], values: Sequence[float | None]) -> list[TriedCart]:
    """One thing at a time, and the largest of both."""
    pairs = [(size, None) for size in sizes] + [(1, value) for value in values] + [(sizes[-1], values[-1])]
    return [TriedCart(size, value) for size, value in dict.fromkeys(pairs)]


def _numbers(expressions: Iterable[str], name: str) -> list[float]:
    """Numbers in expressions that name a variable, and its largest value."""
    naming = [STRINGS.sub("''", text) for text in expressions if name in variables_in(text)]
    found = sorted({float(number) for text in naming for number in _NUMBER.findall(text)})
    most = float(MOST_PRODUCTS) if name == "cart_products" else MOST_VALUE
    return [*found, most] if naming else []
