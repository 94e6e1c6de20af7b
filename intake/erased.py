"""Events of people who were erased: which are theirs, and what may stay of an order without them."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.event import HINT_TYPES, IDENTIFIERS
from intake.values import Mask, Whole, flat, mask_of

Kind = Literal["person", "spell", "shared"]
"""`person`: the identifier was theirs alone. `spell`: theirs on some days only. `shared`: others have it too."""

BOOKKEEPING_TYPES = ("order_completed", "order_refunded")
"""What bookkeeping has to keep: the event stays, without anything that leads to a person."""

BOOKKEEPING_FIELDS = frozenset(
    {"event_id", "event_type", "occurred_at", "received_at", "source", "channel", "store_id", "product_id", "category"}
    | {"order_id", "quantity", "unit_price", "amount", "currency", "is_simulated", "loaded_at", "identifiers"}
)
_MONEY_PROPERTIES = frozenset({"discount_amount", "coupon_discount_amount", "is_bot"})
_LINE_FIELDS = frozenset(
    {"product_id", "category", "quantity", "amount", "list_amount", "discount_amount", "unit_price"}
)
_HINTS = pa.array(HINT_TYPES)
_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Spell:
    """An identifier was the erased person's from `from_micros` up to `until_micros` (µs since 1970 UTC)."""

    kind: Kind
    from_micros: int
    until_micros: int

    def covers(self, at_micros: int) -> bool:
        """Whether an event of that moment is theirs."""
        return self.kind != "shared" and self.from_micros <= at_micros < self.until_micros


@dataclass(frozen=True)
class Verdict:
    """What becomes of events, one flag a row.

    Attributes:
        theirs: the event is an erased person's, from before the erasure.
        mentions: the event is somebody else's and names an identifier of theirs, which goes.
        bookkeeping: theirs, and an order or refund.
    """

    theirs: Mask
    mentions: Mask
    bookkeeping: Mask
    dropped: Mask
    """One flag an identifier of the flattened lists: it goes from an event that stays."""


class ErasedIdentifiers:
    """Who was erased, by token of the identifier's hash; the same rules at the door and in the lake.

    An event is theirs when it names one of their identifiers and nobody else's stands before it: identifiers are
    listed strongest first. Shared identifiers and hints (IP addresses) protect nobody's event. One that names nobody at
    all is theirs when it tells of a decision of theirs.

    Args:
        spells: token → when the identifier was theirs.
        token: turns a hash into a token; at the door a keyed tombstone, in the lake the hash itself.
        event_key: key of the ids that bookkeeping events get instead of their own.
        is_decision: whether an id (`personalization_id`) is that of a decision that was made for one of them.
    """

    def __init__(
        self,
        spells: Mapping[str, Iterable[Spell]],
        token: Callable[[str], str],
        event_key: bytes = b"",
        is_decision: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._is_decision = is_decision
        self._spells = {name: tuple(found) for name, found in spells.items()}
        self._token, self._event_key = token, event_key
        self._known: dict[str, tuple[Spell, ...]] = {}

    def __bool__(self) -> bool:
        """Whether anybody was erased at all."""
        return bool(self._spells)

    def spells(self, value_hash: str) -> tuple[Spell, ...]:
        """When this identifier was an erased person's; empty when it never was."""
        found = self._known.get(value_hash)
        if found is None:
            found = self._known[value_hash] = self._spells.get(self._token(value_hash), ())
        return found

    def is_person(self, value_hash: str) -> bool:
        """Whether the identifier was an erased person's own; asked of any word, so nothing is kept of the answer."""
        return any(spell.kind == "person" for spell in self._spells.get(self._token(value_hash), ()))

    def verdict(self, events: pa.Table) -> Verdict | None:
        """What becomes of events with the columns event_type, occurred_at and identifiers; None when nothing does."""
        lists = flat(events.column("identifiers"))
        pairs = pc.list_flatten(lists)
        hits, guards = self._hits(lists, pairs, events)
        alone = self._alone(lists, events)
        if not hits.any() and not alone.any():
            return None
        owners = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
        first_hit, first_guard = _first(owners, hits, len(lists)), _first(owners, guards, len(lists))
        theirs = alone | ((first_hit < _FAR) & (first_hit < first_guard))
        kept = mask_of(flat(pc.is_in(events.column("event_type"), value_set=pa.array(BOOKKEEPING_TYPES))))
        dropped = hits & ~theirs[owners]
        mentions = np.zeros(len(lists), dtype=bool)
        mentions[owners[dropped]] = True
        return Verdict(theirs, mentions, theirs & kept, dropped)

    def _alone(self, lists: pa.Array, events: pa.Table) -> Mask:
        """Events that name nobody, and one of their decisions."""
        nobody = mask_of(pc.equal(pc.list_value_length(lists), 0))
        if "personalization_id" not in events.column_names or not nobody.any():
            return np.zeros(len(lists), dtype=bool)
        words = flat(events.column("personalization_id")).dictionary_encode()
        known = [self._is_decision(name) for name in words.dictionary.to_pylist()]
        if not any(known):
            return np.zeros(len(lists), dtype=bool)
        return nobody & mask_of(pa.array(known).take(words.indices))

    def _hits(self, lists: pa.Array, pairs: pa.Array, events: pa.Table) -> tuple[Mask, Mask]:
        words = pc.struct_field(pairs, "value").dictionary_encode()
        by_code = [self.spells(value) if value else () for value in words.dictionary.to_pylist()]
        known = np.array([bool(found) for found in by_code], dtype=bool)
        codes = pc.fill_null(words.indices, 0).to_numpy(zero_copy_only=False)
        hits = np.zeros(len(codes), dtype=bool)
        if not known.any():
            return hits, hits
        occurred = _micros(events)[pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)]
        guards = ~mask_of(pc.is_in(pc.struct_field(pairs, "type"), value_set=_HINTS))
        for place in np.flatnonzero(known[codes]):
            found, at = by_code[codes[place]], int(occurred[place])
            hits[place] = any(spell.covers(at) for spell in found)
            # Their own identifier after the erasure is a new relationship, and guards its events.
            guards[place] &= not hits[place] and all(spell.kind == "person" for spell in found)
        return hits, guards

    def settle(self, events: pa.Table, verdict: Verdict) -> pa.Table:
        """The events with bookkeeping rows made anonymous and foreign mentions taken out; no row goes."""
        if verdict.mentions.any():
            events = _replaced(events, "identifiers", _without(flat(events.column("identifiers")), verdict.dropped))
        if not verdict.bookkeeping.any():
            return events
        rows = pa.array(verdict.bookkeeping)
        for field in events.schema:
            if field.name not in BOOKKEEPING_FIELDS and field.name != "properties":
                column = flat(events.column(field.name))
                events = _replaced(events, field.name, pc.if_else(rows, pa.scalar(None, column.type), column))
        return self._anonymous(events, verdict.bookkeeping)

    def _anonymous(self, events: pa.Table, rows: Mask) -> pa.Table:
        """Their orders without identifiers, under ids that only this data folder's key can make again."""
        names = flat(events.column("event_id")).filter(pa.array(rows)).to_pylist()
        words = flat(events.column("properties")).filter(pa.array(rows)).to_pylist()
        events = _replaced(events, "event_id", _put(events, "event_id", rows, [self._event_id(name) for name in names]))
        events = _replaced(
            events, "properties", _put(events, "properties", rows, [_money_only(word) for word in words])
        )
        lists = flat(events.column("identifiers"))
        owners = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        return _replaced(events, "identifiers", _without(lists, rows[owners]))

    def _event_id(self, name: str | None) -> str | None:
        if name is None or name.startswith(ANONYMOUS):
            return name
        return ANONYMOUS + hmac.digest(self._event_key, f"event:{name}".encode(), "sha256").hex()[:24]


ANONYMOUS = "anonymous-"
"""How ids of bookkeeping events begin."""


def _micros(events: pa.Table) -> Whole:
    moments = pc.fill_null(flat(events.column("occurred_at")).cast(pa.int64()), 0)
    return np.asarray(moments.to_numpy(zero_copy_only=False), dtype=np.int64)


def _first(owners: Whole, marked: Mask, rows: int) -> Whole:
    first = np.full(rows, _FAR, dtype=np.int64)
    places = np.flatnonzero(marked)
    np.minimum.at(first, owners[places], places)
    return first


def _without(lists: pa.Array, dropped: Mask) -> pa.Array:
    owners = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[~dropped]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(lists)))])
    pairs = pc.list_flatten(lists).filter(pa.array(~dropped))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pairs).cast(IDENTIFIERS)


def _put(events: pa.Table, name: str, rows: Mask, values: list[str | None]) -> pa.Array:
    return pc.replace_with_mask(flat(events.column(name)), pa.array(rows), pa.array(values, pa.string()))


def _replaced(events: pa.Table, name: str, column: pa.Array) -> pa.Table:
    place = events.schema.get_field_index(name)
    return events.set_column(place, events.schema.field(name), column)


def _money_only(properties: str | None) -> str | None:
    """Of an order's properties: its lines (product, quantity, amounts) and discounts."""
    try:
        said = msgspec.json.decode(properties or "{}")
    except msgspec.DecodeError:
        return "{}"
    if not isinstance(said, dict):
        return "{}"
    kept = {name: value for name, value in said.items() if name in _MONEY_PROPERTIES}
    lines = said.get("lines")
    if isinstance(lines, list):
        kept["lines"] = [
            {name: value for name, value in line.items() if name in _LINE_FIELDS}
            for line in lines
            if isinstance(line, dict)
        ]
    return msgspec.json.encode(kept).decode()
