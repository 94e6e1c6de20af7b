"""Order lines and the event's own columns, amounts among them."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import Any

from intake.inference.draft import listed, scalar
from intake.inference.facts import Facts
from intake.inference.profile import Column, plain_name, profile
from intake.inference.roles import Cast, is_personal
from intake.inference.sample import Sample, flat_records

_FIELDS = (
    "session_id", "page_url", "referrer", "campaign", "query", "category", "locale", "store_id", "device_type", "os",
    "browser",
)  # fmt: skip


def write_lines(facts: Facts, lines: str) -> None:
    """The lines of an order, nested or grouped."""
    nested = lines == "nested"
    elements = facts.sample.arrays.get(facts.array or "", [])
    inside = [profile(name, values, facts.day_first) for name, values in flat_records(elements).items()]
    cast = Cast(inside) if nested else facts.cast
    facts.draft.add("lines", "")
    if nested:
        facts.draft.add("nested", scalar(facts.array or ""), "an array of objects in each row", indent=1)
    else:
        facts.draft.add(
            "group_by",
            listed([order_name(facts)]),
            "rows of one order; one row an order is an order of one line",
            indent=1,
        )
    facts.draft.add("fields", "", indent=1)
    if not _write_line_fields(facts, cast) and not nested:
        facts.total = facts.cast.pick(_is_total)
        if facts.total:
            facts.draft.add("once", "[amount]", "each row repeats the order's total; the lines have none", indent=1)


def order_name(facts: Facts) -> str:
    """The column with the order number."""
    return next(
        column.name
        for column in facts.columns
        if column.is_named("order", "event_id") and column.name in facts.cast.taken
    )


def _write_line_fields(facts: Facts, cast: Cast) -> bool:
    """True when the lines have amounts of their own."""
    before = len(facts.draft.lines)
    product = cast.pick(lambda column: column.is_named("product"), lambda column: _id_like(column))
    quantity = cast.pick(_counts)
    price = cast.pick(
        lambda column: (
            column.is_named("price") and column.number and not column.is_named("discount") and not _of_the_line(column)
        )
    )
    amount = cast.pick(
        lambda column: (
            column.is_named("amount")
            and (_of_the_line(column) or not column.is_named("price"))
            and column.number
            and not column.is_named("discount")
            and _varies(facts.sample, order_name(facts), column)
        )
    )
    category = cast.pick(partial(_means, "category"))
    for name, column in (("product_id", product), ("category", category), ("quantity", quantity)):
        if column:
            facts.draft.add(name, scalar(column.name), "by its name", indent=2)
    if amount is None and price is not None:
        times = f"{{multiply: {listed([quantity.name, price.name])}}}" if quantity else scalar(price.name)
        facts.draft.add("amount", times, "price of one times quantity" if quantity else "by its name", indent=2)
    elif amount is not None:
        facts.draft.add("amount", scalar(amount.name), "of the line; several rows of an order differ in it", indent=2)
    if len(facts.draft.lines) == before:
        facts.draft.lines[-1] += " {}"
    return amount is not None or price is not None


def _counts(column: Column) -> bool:
    """A unit price is no number of units."""
    return column.is_named("quantity") and column.number and not column.is_named("price")


def _is_total(column: Column) -> bool:
    return column.is_named("amount") and column.number and not column.is_named("discount", "price")


def _of_the_line(column: Column) -> bool:
    """A total price is an amount."""
    return bool(re.search(r"total|gesamt|sum|line|zeile|ligne", plain_name(column.name)))


def write_columns(facts: Facts, order: Column | None, lines: bool) -> None:
    """The fields of the event."""
    draft, cast = facts.draft, facts.cast
    draft.add("columns", "")
    if facts.time is None:
        _write_no_time(facts)
    elif len(facts.time) == 2:
        draft.add("occurred_at", f"{{concat: {listed(facts.time)}}}", "date and time of day apart", indent=1)
    else:
        draft.add("occurred_at", scalar(facts.time[0]), "the likeliest time", indent=1)
    if order is not None:
        draft.add("order_id", scalar(order.name), "by its name", indent=1)
    if not lines:
        _write_amounts(facts)
    elif not any(line.strip().startswith("amount:") for line in draft.lines):
        _write_total(facts)
    if facts.shape == "customers":
        return
    currency = cast.pick(lambda column: column.is_named("currency") and column.currency > 0.9)
    if currency:
        draft.add("currency", scalar(currency.name), "three letters each", indent=1)
    for field in _FIELDS:
        column = cast.pick(partial(_means, field))
        if column:
            draft.add(field, scalar(column.name), "by its name", indent=1)


def _write_no_time(facts: Facts) -> None:
    """A column that sounds like a time is named though it cannot be read, so that its rows are set aside and seen."""
    column = facts.cast.pick(lambda column: column.is_named("occurred", "created", "updated") and not column.number)
    if column is not None:
        why = "by its name; its notation is not understood: give time_format"
        facts.draft.add("occurred_at", scalar(column.name), why, indent=1)
        return
    day = f'{{value: "{facts.file_day}"}}'
    facts.draft.add("occurred_at", day, "no column has a time; the day of the file", indent=1)


def _write_amounts(facts: Facts) -> None:
    if facts.shape == "customers":
        return
    if facts.shape == "refunds":
        _write_refund(facts)
        return
    cast, draft = facts.cast, facts.draft
    product = cast.pick(
        lambda column: column.is_named("product") and not column.is_named("page_url", "price"), _id_like
    )
    quantity = cast.pick(_counts)
    amount = cast.pick(
        lambda column: column.is_named("amount") and column.number and not column.is_named("discount", "price")
    )
    price = cast.pick(lambda column: column.is_named("price") and column.number and not column.is_named("discount"))
    fields = {"product_id": product, "quantity": quantity, "unit_price": price, "amount": amount}
    for field, column in fields.items():
        if column:
            draft.add(field, scalar(column.name), "by its name", indent=1)
    if facts.shape == "orders" and amount is None and price is not None:
        times = f"{{multiply: {listed([quantity.name, price.name])}}}" if quantity else scalar(price.name)
        draft.add("amount", times, "price of one times quantity" if quantity else "by its name", indent=1)


def _write_total(facts: Facts) -> None:
    """Lines without amounts: the order's own total."""
    amount = facts.total or facts.cast.pick(_is_total)
    if amount:
        facts.draft.add("amount", scalar(amount.name), "by its name; the lines have none", indent=1)


def _write_refund(facts: Facts) -> None:
    cast, draft = facts.cast, facts.draft
    product = cast.pick(lambda column: column.is_named("product") and not column.number, _id_like)
    quantity = cast.pick(_counts)
    money = [column.name for column in facts.money() if not column.is_named("quantity", "discount")]
    amount = cast.pick(
        lambda column: column.name in money, lambda column: 2 * column.is_named("refund") + column.is_named("amount")
    )
    for field, found in (("product_id", product), ("quantity", quantity)):
        if found:
            draft.add(field, scalar(found.name), "by its name", indent=1)
    if amount:
        draft.add("amount", f"{{abs: {scalar(amount.name)}}}", "money given back counts as positive", indent=1)


def _id_like(column: Column) -> float:
    """Numbers of articles before their names."""
    words = [str(value) for value in column.values[:200] if value is not None]
    return sum(" " not in word for word in words) / max(len(words), 1) + 0.5 * any(
        mark in plain_name(column.name) for mark in ("sku", "id", "nr", "no", "code", "ean")
    )


def _varies(sample: Sample, order: str, column: Column) -> bool:
    """True when rows of one order differ in it: a total of the order stands in every row alike."""
    orders = sample.columns.get(order)
    if orders is None or len(orders) != len(column.values):
        return True
    seen: dict[Any, Any] = {}
    several = [(key, value) for key, value in zip(orders, column.values, strict=True) if key is not None]
    repeated = {key for key, rows in Counter(key for key, _ in several).items() if rows > 1}
    for key, value in several:
        if key in repeated and seen.setdefault(key, value) != value:
            return True
    return not repeated


def _means(field: str, column: Column) -> bool:
    return column.is_named(field) and not column.is_named("event_id") and not is_personal(column)
