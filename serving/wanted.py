"""What the rules of a placement read of a request, found out once, so that nothing else is gathered for it."""

from __future__ import annotations

from collections.abc import Iterable

from serving.person import PROFILE_PURPOSES
from serving.variables import ACCOUNT_STAGE, VARIABLES, Value, known_name, profile_features

_FEATURES = profile_features() | {ACCOUNT_STAGE}
_STORED_APART = ("segment_id", "segment_name", "churn_probability", "ltv_amount")
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
_JUDGED = (
    ("product_category", "category"),
    ("list_price", "list_price"),
    ("floor_price", "floor_price"),
    ("map_price", "map_price"),
    ("product_cost", "cost"),
    ("stock", "stock"),
    ("parity_price", "parity_price"),
    ("product_returns_rate", "returns_rate"),
    ("product_units_28d", "units_28d"),
)
COUNTED = ("products_without_price", "products_out_of_stock")
BELOW = ("products_below_floor", "products_below_map", "products_below_parity")
OF_CART = ("price_cut_share", "cart_products", *COUNTED, *BELOW)
Pairs = tuple[tuple[str, str], ...]
"""Variable and the field that it comes from."""


class Wanted:
    """The variables of some expressions, by where they come from, and their values while nothing is known.

    Args:
        names: variables; those that are no documented ones are left out.
        cuts_prices: whether some action lowers a price; else no product of the cart can fall below a bound.
    """

    def __init__(self, names: Iterable[str], *, cuts_prices: bool = True) -> None:
        mine = VARIABLES.keys() & set(names)
        self.names = frozenset(mine)
        self.blank: dict[str, Value] = {name: VARIABLES[name].default for name in sorted(mine)}
        self.blank |= {known_name(name): False for name in sorted(mine)}
        self.stored_apart = tuple(name for name in _STORED_APART if name in mine)
        self.features = tuple(sorted(_FEATURES & mine))
        self.purposes: Pairs = _among(mine, ((f"consent_{purpose}", purpose) for purpose in PROFILE_PURPOSES))
        self.needs_person = bool(self.stored_apart or self.features or self.purposes or "customer_known" in mine)
        self.context: Pairs = _among(mine, _CONTEXT)
        self.viewed: Pairs = _among(mine, _VIEWED)
        self.judged: Pairs = _among(mine, _JUDGED)
        self.needs_time = bool(mine & {"hour", "weekday"})
        self.needs_cart = bool(mine & set(OF_CART))
        self.needs_products = bool(mine & set(COUNTED)) or (cuts_prices and bool(mine & set(BELOW)))
        """Whether the products of a cart have to be looked up, or counting their names will do."""

    def of(self, values: dict[str, Value]) -> dict[str, Value]:
        """Of some values those that are wanted."""
        return {name: value for name, value in values.items() if name in self.blank}


def _among(mine: Iterable[str], pairs: Iterable[tuple[str, str]]) -> Pairs:
    return tuple(pair for pair in pairs if pair[0] in mine)


EVERYTHING = Wanted(VARIABLES)
"""Every documented variable."""
