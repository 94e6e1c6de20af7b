"""What a row is: the order it belongs to, its event type, and what makes it what it is."""

from __future__ import annotations

from collections import Counter

from intake.inference.draft import listed, scalar
from intake.inference.event_words import known_event
from intake.inference.facts import Facts
from intake.inference.profile import Column
from intake.inference.roles import IDS, PERSON_ROLES


def order_of(facts: Facts) -> tuple[Column | None, str]:
    """The order number, and how lines belong to it: nested, grouped or not at all."""
    if facts.shape == "refunds":
        return facts.cast.pick(lambda column: column.is_named("order") and not column.is_named("refund")), ""
    if facts.shape != "orders":
        return facts.cast.pick(lambda column: column.is_named("order") and not column.number), ""
    known = {
        *facts.cast.taken,
        *(column.name for column in facts.columns if column.is_named("customer", *PERSON_ROLES)),
    }
    order = facts.cast.pick(
        lambda column: (
            column.is_named("order") and column.name not in known and not column.is_named("amount", "event", "quantity")
        ),
        lambda column: column.distinct,
    ) or facts.cast.pick(lambda column: column.is_named("event_id"), lambda column: column.distinct)
    if order is None:
        return None, ""
    if facts.array:
        return order, "nested"
    has_lines = order.distinct < order.given or any(column.is_named("product") for column in facts.columns)
    return order, "grouped" if has_lines else ""


def write_event_type(facts: Facts, order: Column | None) -> Column | None:
    """One type for all rows, or a column with a map; returns that column."""
    if facts.shape == "customers":
        facts.draft.add("event_type", "profile_updated", "one row a customer")
        return None
    if facts.shape == "refunds":
        facts.draft.add("event_type", "order_refunded", "one row a refund")
        return None
    event = facts.cast.pick(
        lambda column: column.is_named("event") and column.distinct <= 60 and not column.number,
        lambda column: sum(known_event(str(value)) != "custom" for value in column.values[:200]),
    ) if facts.shape == "clicks" else None  # fmt: skip
    if event is None:
        kind = "order_completed" if facts.shape == "orders" else "page_viewed"
        facts.draft.add("event_type", kind, "one row or group of rows an order" if order else "no column names events")
        return None
    words = Counter(str(value) for value in event.values if value is not None)
    facts.draft.add("event_type", "")
    facts.draft.add("column", scalar(event.name), f"{len(words)} different values", indent=1)
    facts.draft.add("map", "", indent=1)
    for word, _ in words.most_common():
        _write_word(facts, event, word, order)
    return event


def _write_word(facts: Facts, event: Column, word: str, order: Column | None) -> None:
    kind = known_event(word)
    rows = [place for place, value in enumerate(event.values) if str(value) == word]
    missing = [name for name in facts.vocabulary[kind].required if not _filled(facts, name, rows, order)]
    why = f"{kind} would need {', '.join(missing)}" if missing else ("" if kind != "custom" else "no known event")
    facts.draft.add(word, "custom" if missing else kind, why or "by its name", indent=2)


def _filled(facts: Facts, field: str, rows: list[int], order: Column | None) -> bool:
    roles = {
        "product_id": "product",
        "amount": "amount",
        "query": "query",
        "campaign": "campaign",
        "store_id": "store_id",
    }
    column = order if field == "order_id" else next(
        (column for column in facts.columns if column.is_named(roles.get(field, field))), None
    )  # fmt: skip
    return column is not None and all(column.values[place] is not None for place in rows)


def write_key(facts: Facts, order: Column | None, lines: str, event: Column | None) -> None:
    """The columns that make a row what it is."""
    if facts.shape == "orders" and order is not None and (lines or order.unique):
        facts.draft.add("natural_key", listed([order.name]), "an order is known by its number")
        return
    own = facts.cast.pick(lambda column: column.unique and _is_own_id(facts, column))
    if own is not None:
        facts.draft.add("event_id", scalar(own.name), "every row has one of its own")
        return
    key = _natural_key(facts, event)
    facts.draft.add("natural_key", listed(key), "together they tell most rows apart")


def _is_own_id(facts: Facts, column: Column) -> bool:
    if facts.shape == "refunds" and column.is_named("refund") and not column.number and not column.time:
        return True
    return column.is_named("event_id") and facts.shape != "customers"


def _natural_key(facts: Facts, event: Column | None) -> list[str]:
    wanted = [*(facts.time or []), *([event.name] if event else [])]
    wanted += [column.name for column in facts.columns if column.is_named(*IDS, "order", "session_id", "email")]
    wanted += [column.name for column in facts.columns if column.is_named("page_url", "product", "query")]
    if facts.shape == "customers":
        ids = [
            column.name
            for column in facts.columns
            if column.is_named("customer", "login", "loyalty_id", "event_id") and column.unique
        ]
        ids = ids or [
            column.name for column in facts.columns if column.is_named("customer", "login", "loyalty_id", "email")
        ]
        wanted = ids[:1] + (facts.time or []) if ids else [column.name for column in facts.columns]
    key = list(dict.fromkeys(wanted))
    every = [column.name for column in facts.columns]
    if facts.shape != "customers" and _different(facts, key) < 0.99 * _different(facts, every):
        return every
    return key or every


def _different(facts: Facts, names: list[str]) -> int:
    """How many rows these columns tell apart."""
    return len(set(zip(*(map(str, facts.sample.columns[name]) for name in names), strict=True))) if names else 0
