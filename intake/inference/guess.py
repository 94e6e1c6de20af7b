"""Guesses a source contract from a sample: every guess with its reason."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from functools import partial
from typing import Any

from intake.contract_faults import NumberStyle
from intake.event import EventType
from intake.inference.draft import Draft, listed, mapped, scalar
from intake.inference.event_words import known_event
from intake.inference.numbers import currency_sign, number_style
from intake.inference.profile import Column, plain_name, profile
from intake.inference.roles import IDS, PERSON_ROLES, Cast, is_personal, shape_of
from intake.inference.sample import Sample
from intake.inference.times import TimeStyle
from intake.personal_look import named_personal

_FIELDS = (
    "session_id", "page_url", "referrer", "campaign", "query", "category", "locale", "store_id", "device_type", "os",
    "browser",
)  # fmt: skip
_ID_TYPES = {"customer": "crm_id"}
_KINDS = {"orders": "online_orders", "customers": "crm", "clicks": "web"}
_GERMAN = (
    "datum",
    "menge",
    "preis",
    "betrag",
    "kunde",
    "strasse",
    "straße",
    "artikel",
    "beleg",
    "vorname",
    "ort",
    "plz",
)
_MONEY = ("amount", "price")


def guess_contract(sample: Sample, name: str, vocabulary: dict[str, EventType], file_day: date) -> str:
    """The contract as YAML; it loads, and what is guessed is marked.

    Args:
        file_day: the day of the file, for records that carry no time.
    """
    return _Guess(sample, name, vocabulary, file_day).text()


class _Guess:
    def __init__(self, sample: Sample, name: str, vocabulary: dict[str, EventType], file_day: date) -> None:
        self.sample, self.name, self.vocabulary, self.file_day = sample, name, vocabulary, file_day
        words = [plain_name(column) for column in sample.columns]
        self.german = sum(any(mark in word for word in words) for mark in _GERMAN) >= 2
        self.day_first = self.german or sample.delimiter == ";" or not _is_american(sample)
        self.columns = [profile(column, values, self.day_first) for column, values in sample.columns.items()]
        self.array = max(sample.arrays, key=lambda path: len(sample.arrays[path]), default=None)
        self.shape, self.why = shape_of(self.columns, bool(self.array))
        self.cast, self.draft = Cast(self.columns), Draft()
        self.time, self.style = self._time()
        self.numbers = self._number_style()

    def text(self) -> str:
        """Write everything, in the order in which contracts are read."""
        draft = self.draft
        draft.remark("A first draft, guessed from a sample. Look at every line with a guess, then take the mark away.")
        draft.add("name", scalar(self.name))
        draft.add("kind", _KINDS[self.shape], self.why)
        draft.add("format", self.sample.format)
        self._write_format()
        self._write_clock()
        order, lines = self._order()
        event = self._write_event_type(order)
        self._write_key(order, lines, event)
        if lines:
            self._write_lines(lines)
        self._write_columns(order, bool(lines))
        self._write_identifiers()
        self._write_rest()
        return draft.text()

    def _write_format(self) -> None:
        sample, draft = self.sample, self.draft
        if sample.format == "csv" and sample.delimiter != ",":
            draft.add("delimiter", '"\\t"' if sample.delimiter == "\t" else scalar(sample.delimiter), "most even split")
        if sample.encoding != "utf8":
            draft.add("encoding", sample.encoding, "the bytes are no UTF-8")
        if sample.header:
            draft.add("header", listed(sample.header), "the first line looks like data")
        if self.numbers:
            style = {"decimal": scalar(self.numbers.decimal)}
            style |= {"thousands": scalar(self.numbers.thousands)} if self.numbers.thousands else {}
            draft.add("numbers", mapped(style), "the notation of most numbers")
        if self.shape != "customers":
            draft.add("channel", "web", "change it for tills and apps")
        beside = [str(value) for column in self._money() for value in column.values[:50] if value is not None]
        currency = currency_sign(beside)
        if currency:
            draft.add("currency", currency, "it stands beside the amounts")

    def _write_clock(self) -> None:
        style = self.style
        if style is None:
            return
        if style.pattern != "epoch" and not self._has_zone():
            zone = "Europe/Berlin" if self.german else "UTC"
            draft_why = "the columns have German names" if self.german else "the timestamps name no zone"
            self.draft.add("time_zone", zone, draft_why)
        if style.unit != "s":
            self.draft.add("time_unit", style.unit, "the size of the numbers")
        if style.pattern:
            swapped = f"; {style.rival} fits as well" if style.rival else ""
            self.draft.add("time_format", scalar(style.pattern), f"fits the sample{swapped}")

    def _time(self) -> tuple[list[str] | None, TimeStyle | None]:
        timed = [column for column in self.columns if _may_be_time(column)]
        if not timed:
            return None, None
        best = max(timed, key=self._time_rank)
        self.cast.taken.add(best.name)
        assert_style = best.time
        clock = next(
            (column for column in self.columns if column.clock and not column.time and column is not best), None
        )
        dated = (
            assert_style is not None
            and assert_style.pattern is not None
            and "%H" not in assert_style.pattern
            and "%I" not in assert_style.pattern
        )
        if clock is not None and assert_style is not None and dated and assert_style.pattern != "epoch":
            self.cast.taken.add(clock.name)
            return [best.name, clock.name], TimeStyle(f"{assert_style.pattern}.{clock.clock}", rival=assert_style.rival)
        return [best.name], assert_style

    def _time_rank(self, column: Column) -> tuple[float, float]:
        wanted = ("updated", "created", "occurred") if self.shape == "customers" else ("occurred", "created", "updated")
        score = next((3.0 - place for place, role in enumerate(wanted) if column.is_named(role)), 0.0)
        score -= 4 * column.is_named("received") + 4 * column.is_named("later")
        return column.given / max(len(column.values), 1) > 0.95, score

    def _has_zone(self) -> bool:
        values = [value for value in self.sample.columns[(self.time or [""])[0]] if value is not None][:20]
        texts = [str(value) for value in values if isinstance(value, str)]
        numeric = not texts or any(getattr(value, "tzinfo", None) for value in values)
        return numeric or all(text.endswith(("Z", "UTC")) or "+" in text[10:] or "-" in text[11:] for text in texts)

    def _money(self) -> list[Column]:
        return [column for column in self.columns if column.number and column.is_named(*_MONEY, "quantity", "discount")]

    def _number_style(self) -> NumberStyle | None:
        words = [value for column in self._money() for value in column.values if isinstance(value, str)]
        elements = self.sample.arrays.get(self.array or "", [])
        words += [value for element in elements for name, value in element.items()
                  if isinstance(value, str) and profile(name, [value], True).is_named(*_MONEY, "quantity")]  # fmt: skip
        return number_style(words)

    def _order(self) -> tuple[Column | None, str]:
        """The order number, and how lines belong to it: nested, grouped or not at all."""
        if self.shape != "orders":
            return self.cast.pick(lambda column: column.is_named("order") and not column.number), ""
        known = {
            *self.cast.taken,
            *(column.name for column in self.columns if column.is_named("customer", *PERSON_ROLES)),
        }
        order = self.cast.pick(
            lambda column: (
                column.is_named("order")
                and column.name not in known
                and not column.is_named("amount", "event", "quantity")
            ),
            lambda column: column.distinct,
        ) or self.cast.pick(lambda column: column.is_named("event_id"), lambda column: column.distinct)
        if order is None:
            return None, ""
        if self.array:
            return order, "nested"
        has_lines = any(column.is_named("product") for column in self.columns)
        return order, "grouped" if has_lines and order.distinct < order.given else ""

    def _write_event_type(self, order: Column | None) -> Column | None:
        if self.shape == "customers":
            self.draft.add("event_type", "profile_updated", "one row a customer")
            return None
        event = self.cast.pick(
            lambda column: column.is_named("event") and column.distinct <= 60 and not column.number,
            lambda column: sum(known_event(str(value)) != "custom" for value in column.values[:200]),
        ) if self.shape == "clicks" else None  # fmt: skip
        if event is None:
            kind = "order_completed" if self.shape == "orders" else "page_viewed"
            self.draft.add(
                "event_type", kind, "one row or group of rows an order" if order else "no column names events"
            )
            return None
        words = Counter(str(value) for value in event.values if value is not None)
        self.draft.add("event_type", "")
        self.draft.add("column", scalar(event.name), f"{len(words)} different values", indent=1)
        self.draft.add("map", "", indent=1)
        for word, _ in words.most_common():
            self._write_word(event, word, order)
        return event

    def _write_word(self, event: Column, word: str, order: Column | None) -> None:
        kind = known_event(word)
        rows = [place for place, value in enumerate(event.values) if str(value) == word]
        missing = [name for name in self.vocabulary[kind].required if not self._filled(name, rows, order)]
        why = f"{kind} would need {', '.join(missing)}" if missing else ("" if kind != "custom" else "no known event")
        self.draft.add(word, "custom" if missing else kind, why or "by its name", indent=2)

    def _filled(self, field: str, rows: list[int], order: Column | None) -> bool:
        roles = {
            "product_id": "product",
            "amount": "amount",
            "query": "query",
            "campaign": "campaign",
            "store_id": "store_id",
        }
        column = order if field == "order_id" else next(
            (column for column in self.columns if column.is_named(roles.get(field, field))), None
        )  # fmt: skip
        return column is not None and all(column.values[place] is not None for place in rows)

    def _write_key(self, order: Column | None, lines: str, event: Column | None) -> None:
        if self.shape == "orders" and order is not None and (lines or order.unique):
            self.draft.add("natural_key", listed([order.name]), "an order is known by its number")
            return
        own = self.cast.pick(lambda column: column.unique and column.is_named("event_id") and self.shape != "customers")
        if own is not None:
            self.draft.add("event_id", scalar(own.name), "every row has one of its own")
            return
        key = self._natural_key(event)
        self.draft.add("natural_key", listed(key), "together they tell most rows apart")

    def _natural_key(self, event: Column | None) -> list[str]:
        wanted = [*(self.time or []), *([event.name] if event else [])]
        wanted += [column.name for column in self.columns if column.is_named(*IDS, "order", "session_id", "email")]
        wanted += [column.name for column in self.columns if column.is_named("page_url", "product", "query")]
        if self.shape == "customers":
            ids = [
                column.name
                for column in self.columns
                if column.is_named("customer", "login", "loyalty_id", "event_id") and column.unique
            ]
            ids = ids or [
                column.name for column in self.columns if column.is_named("customer", "login", "loyalty_id", "email")
            ]
            wanted = ids[:1] + (self.time or []) if ids else [column.name for column in self.columns]
        return list(dict.fromkeys(wanted)) or [column.name for column in self.columns]

    def _write_lines(self, lines: str) -> None:
        nested = lines == "nested"
        elements = self.sample.arrays.get(self.array or "", [])
        names = dict.fromkeys(name for element in elements for name in element)
        inside = [profile(name, [element.get(name) for element in elements], self.day_first) for name in names]
        cast = Cast(inside) if nested else self.cast
        self.draft.add("lines", "")
        if nested:
            self.draft.add("nested", scalar(self.array or ""), "an array of objects in each row", indent=1)
        else:
            self.draft.add("group_by", listed([self.order_name]), "several rows have the same", indent=1)
        self.draft.add("fields", "", indent=1)
        self._write_line_fields(cast)

    @property
    def order_name(self) -> str:
        """The column with the order number."""
        return next(
            column.name
            for column in self.columns
            if column.is_named("order", "event_id") and column.name in self.cast.taken
        )

    def _write_line_fields(self, cast: Cast) -> None:
        product = cast.pick(lambda column: column.is_named("product"), lambda column: _id_like(column))
        quantity = cast.pick(lambda column: column.is_named("quantity") and column.number)
        price = cast.pick(lambda column: column.is_named("price") and column.number and not column.is_named("discount"))
        amount = cast.pick(
            lambda column: (
                column.is_named("amount")
                and column.number
                and not column.is_named("discount")
                and _varies(self.sample, self.order_name, column)
            )
        )
        for name, column in (("product_id", product), ("quantity", quantity)):
            if column:
                self.draft.add(name, scalar(column.name), "by its name", indent=2)
        if amount is None and price is not None:
            times = f"{{multiply: {listed([quantity.name, price.name])}}}" if quantity else scalar(price.name)
            self.draft.add("amount", times, "price of one times quantity" if quantity else "by its name", indent=2)
        elif amount is not None:
            self.draft.add(
                "amount", scalar(amount.name), "of the line; several rows of an order differ in it", indent=2
            )

    def _write_columns(self, order: Column | None, lines: bool) -> None:
        draft, cast = self.draft, self.cast
        draft.add("columns", "")
        if self.time is None:
            draft.add(
                "occurred_at", f'{{value: "{self.file_day}"}}', "no column has a time; the day of the file", indent=1
            )
        elif len(self.time) == 2:
            draft.add("occurred_at", f"{{concat: {listed(self.time)}}}", "date and time of day apart", indent=1)
        else:
            draft.add("occurred_at", scalar(self.time[0]), "the likeliest time", indent=1)
        if order is not None:
            draft.add("order_id", scalar(order.name), "by its name", indent=1)
        if not lines:
            self._write_amounts()
        if self.shape == "customers":
            return
        currency = cast.pick(lambda column: column.is_named("currency") and column.currency > 0.9)
        if currency:
            draft.add("currency", scalar(currency.name), "three letters each", indent=1)
        for field in _FIELDS:
            column = cast.pick(partial(_means, field))
            if column:
                draft.add(field, scalar(column.name), "by its name", indent=1)

    def _write_amounts(self) -> None:
        if self.shape == "customers":
            return
        cast, draft = self.cast, self.draft
        product = cast.pick(
            lambda column: column.is_named("product") and not column.is_named("page_url", "price"), _id_like
        )
        quantity = cast.pick(lambda column: column.is_named("quantity") and column.number)
        amount = cast.pick(
            lambda column: column.is_named("amount") and column.number and not column.is_named("discount", "price")
        )
        price = cast.pick(lambda column: column.is_named("price") and column.number and not column.is_named("discount"))
        fields = {"product_id": product, "quantity": quantity, "unit_price": price, "amount": amount}
        for field, column in fields.items():
            if column:
                draft.add(field, scalar(column.name), "by its name", indent=1)
        if self.shape == "orders" and amount is None and price is not None:
            times = f"{{multiply: {listed([quantity.name, price.name])}}}" if quantity else scalar(price.name)
            draft.add("amount", times, "price of one times quantity" if quantity else "by its name", indent=1)

    def _write_identifiers(self) -> None:
        emails = self.cast.all(lambda column: column.email > 0.5)
        found = [("email", column, "it holds e-mail addresses") for column in emails]
        phones = self.cast.all(lambda column: column.phone > 0.7 and column.is_named("phone"))
        found += [
            ("phone", column, "phone numbers; those without + are of settings intake.default_region")
            for column in phones
        ]
        for role in IDS:
            why = "by its name; the same id needs the same type in every source"
            found += [(_ID_TYPES.get(role, role), column, why) for column in self.cast.all(partial(_identifies, role))]
        found += [("ip", column, "it holds addresses of the internet") for column in self.cast.all(_is_address)]
        self.emails = [column.name for kind, column, _ in found if kind == "email"]
        if not found:
            return
        self.draft.add("identifiers", "")
        for kind, column, why in found:
            self.draft.item(mapped({"type": kind, "column": scalar(column.name)}), why)

    def _write_rest(self) -> None:
        if self.shape == "customers":
            self._write_matching()
        private = [
            column.name
            for column in self.cast.all(
                lambda column: (
                    is_personal(column) or (named_personal(column.name) and not column.is_named("user_agent"))
                )
            )
        ]
        private += [name for name in self.emails if self.shape != "customers"]
        if private:
            self.draft.add("personal_data", listed(private), "goes to the vault and nowhere else")
        sensitive = [column.name for column in self.cast.all(lambda column: column.is_named("sensitive"))]
        if sensitive:
            self.draft.add("sensitive", listed(sensitive), "kept for reports, never decides anything")
        free = self.cast.free()
        if free:
            pairs = {_member(column): scalar(column.name) for column in free}
            renamed = "user_agent" in pairs or any("." in column.name for column in free)
            members = mapped(pairs) if renamed else listed([column.name for column in free])
            self.draft.add(
                "traits" if self.shape == "customers" else "properties",
                members,
                "kept as they are; leave out what nobody needs",
            )

    def _write_matching(self) -> None:
        found: dict[str, str] = {}
        for role in PERSON_ROLES:
            column = self.cast.pick(partial(_is_of, role))
            if column is not None:
                found[role] = scalar(column.name)
            if role == "birth_date" and column is not None and column.time and column.time.pattern:
                found["birth_date_format"] = scalar(column.time.pattern)
        if self.emails:
            found["email"] = scalar(self.emails[0])
        if found:
            self.draft.add("matching", "")
            for role, name in found.items():
                self.draft.add(role, name, "by its name", indent=1)


def _member(column: Column) -> str:
    """The name of a property; crawlers are known by `user_agent`."""
    return "user_agent" if column.is_named("user_agent") else re.sub(r"\W+", "_", column.name).strip("_").lower()


def _is_address(column: Column) -> bool:
    return column.ip > 0.9


def _may_be_time(column: Column) -> bool:
    if not column.time or column.is_named("birth_date", "postal_code", "phone"):
        return False
    return not column.number or column.is_named("occurred", "updated", "created", "received")


def _means(field: str, column: Column) -> bool:
    return column.is_named(field) and not column.is_named("event_id") and not is_personal(column)


def _is_of(role: str, column: Column) -> bool:
    return column.is_named(role) and not (role == "country" and column.is_named("phone"))


def _identifies(role: str, column: Column) -> bool:
    other = column.is_named("user_agent", "event", "given_name", "family_name", "full_name") or is_personal(column)
    return column.is_named(role) and not other and column.ip < 0.9


def _is_american(sample: Sample) -> bool:
    return any(str(value).startswith("$") for values in sample.columns.values() for value in values[:50])


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
