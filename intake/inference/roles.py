"""Which column of a sample plays which part; each column plays one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from intake.inference.profile import Column

Shape = Literal["orders", "refunds", "customers", "clicks"]
PERSON_ROLES = (
    "given_name",
    "family_name",
    "full_name",
    "street_address",
    "city",
    "postal_code",
    "region",
    "country",
    "birth_date",
)
IDS = ("customer", "login", "loyalty_id", "cookie", "device_id", "click_id")


class Cast:
    """The columns of a sample and the parts that are given out."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        self.taken: set[str] = set()

    def pick(self, fits: Callable[[Column], bool], rank: Callable[[Column], float] | None = None) -> Column | None:
        """The best free column that fits; the leftmost of equals."""
        free = [column for column in self.columns if column.name not in self.taken and column.given and fits(column)]
        best = max(free, key=rank or (lambda column: -self.columns.index(column)), default=None)
        if best is not None:
            self.taken.add(best.name)
        return best

    def all(self, fits: Callable[[Column], bool]) -> list[Column]:
        """Every free column that fits."""
        found = [column for column in self.columns if column.name not in self.taken and column.given and fits(column)]
        self.taken |= {column.name for column in found}
        return found

    def free(self) -> list[Column]:
        """Columns without a part."""
        return [column for column in self.columns if column.name not in self.taken]


def shape_of(columns: list[Column], arrays: bool) -> tuple[Shape, str]:
    """What kind of file this is, and why."""

    def has(*roles: str) -> bool:
        return any(column.is_named(*roles) for column in columns)

    if _gives_back(columns):
        return "refunds", "it has order numbers and money given back"
    money = any(column.is_named("amount", "price") and column.number for column in columns)
    clicks = sum(
        (
            has("session_id"),
            has("cookie", "device_id"),
            has("page_url"),
            has("referrer"),
            has("user_agent"),
            has("event"),
        )
    )
    if clicks >= 2 and not (has("order") and money and (arrays or has("quantity")) and clicks < 4):
        return "clicks", "it has sessions, pages, browsers or names of events"
    if (has("order") and (money or arrays)) or (
        arrays and money and not clicks and not (has("given_name", "family_name") and has("birth_date"))
    ):
        return "orders", "it has order numbers and money"
    people = sum(
        (
            has("email"),
            has("phone"),
            has("given_name", "family_name", "full_name"),
            has("postal_code", "city"),
            has("birth_date"),
        )
    )
    if people >= 2 or (has("customer", "login", "loyalty_id") and people and not money):
        return "customers", "it has names, addresses or contact data"
    return (
        ("orders", "it has money and products")
        if money and has("product", "quantity")
        else ("clicks", "nothing else fits")
    )


def _gives_back(columns: list[Column]) -> bool:
    """True when each row is money given back for an order, and not an order that says what of it was given back."""
    back = [column for column in columns if column.is_named("refund")]
    numbered = any(column.unique and not column.number and not column.time for column in back)
    money = [column for column in columns if column.number and column.is_named("amount", "price", "refund")]
    only = bool(money) and all(column.is_named("refund") for column in money)
    order = any(column.is_named("order") and not column.is_named("refund") for column in columns)
    return order and bool(money) and (numbered or only)


def is_personal(column: Column) -> bool:
    """True for names, addresses, birth dates, and what holds addresses or phone numbers."""
    return (
        column.is_named(*PERSON_ROLES[:4], "birth_date")
        or column.email > 0.1
        or (column.phone > 0.8 and column.is_named("phone"))
    )
