"""Tombstones: what keeps late files and replays from bringing an erased person back, without knowing who it was."""

from __future__ import annotations

import hmac
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.contract import SourceContract
from intake.erased import ErasedIdentifiers, Kind, Spell
from intake.hashing import name_of
from intake.identifiers import Hasher
from intake.keys import read_or_make
from intake.mentions import STATED, WRITTEN, Mentions, each_text
from intake.nested import root_of
from intake.paths import DataPaths
from intake.validation import micros
from intake.values import Mask, flat
from intake.vault import clear_columns

TOKEN_HEX = 32


@dataclass(frozen=True)
class Tombstone:
    """One identifier of an erased person, by keyed token; theirs from `from_at` up to `until_at`, the erasure."""

    token: str
    kind: Kind
    type: str
    from_at: datetime
    until_at: datetime
    request_id: str


def tombstone_key(paths: DataPaths) -> bytes:
    """The tombstones' own key, `keys/erasure.key`, made on first use.

    Raises:
        KeyProblem: the file cannot be read.
    """
    return read_or_make(paths.keys / "erasure.key", lambda: secrets.token_hex(32).encode())


def token_of(key: bytes, value_hash: str) -> str:
    """The token of an identifier: HMAC-SHA-256 under the tombstones' key of what no rotation changes, 32 hex digits."""
    return hmac.digest(key, name_of(value_hash).encode(), "sha256").hex()[:TOKEN_HEX]


def erased_identifiers(
    paths: DataPaths, tombstones: Iterable[Tombstone], decisions: Collection[str] = ()
) -> ErasedIdentifiers:
    """What the door asks; empty, and without need of a key, when nobody was erased.

    Args:
        paths: where the key is.
        tombstones: of everybody who was erased.
        decisions: tokens of decisions that were made for them.
    """
    spells: dict[str, list[Spell]] = defaultdict(list)
    for stone in tombstones:
        spells[stone.token].append(Spell(stone.kind, micros(stone.from_at), micros(stone.until_at)))
    key = tombstone_key(paths) if spells else b""
    return ErasedIdentifiers(
        spells,
        lambda value_hash: token_of(key, value_hash),
        key,
        lambda decision: bool(decisions) and token_of(key, decision) in decisions,
    )


@dataclass(frozen=True)
class SortedOut:
    """Events of one chunk after the erased are gone: one flag a row, and the events with what may stay of them.

    Attributes:
        events: as many rows as came; orders of the erased are anonymous.
        gone: rows that do not come in.
        changed: rows that come in with less than their source said.
    """

    events: pa.Table
    gone: Mask
    changed: Mask


@dataclass(frozen=True)
class DoorKeeper:
    """Who was erased, as one intake asks it: by identifiers of events, and by words of rows that are none.

    A broken row has no moment to go by, so one that names an erased person stays out, whenever it was written.
    """

    identifiers: ErasedIdentifiers
    mentions: Mentions
    fields: frozenset[str] = frozenset()

    def sorted_out(self, events: pa.Table, flagged: Mask) -> SortedOut:
        """Who does not come in: events of erased people from before, but for orders and refunds that are sound."""
        nothing = np.zeros(events.num_rows, dtype=bool)
        events = self._without_words(events) if self.identifiers else events
        verdict = self.identifiers.verdict(events) if self.identifiers else None
        if verdict is None:
            return SortedOut(events, nothing, nothing)
        gone = verdict.theirs & (flagged | ~verdict.bookkeeping)
        return SortedOut(self.identifiers.settle(events, verdict), gone, verdict.theirs | verdict.mentions)

    def _without_words(self, events: pa.Table) -> pa.Table:
        """What somebody wrote of them in clear, without their identifiers."""
        said = (
            text for name in (*WRITTEN, *STATED) for text in pc.unique(flat(events.column(name))).to_pylist() if text
        )
        if not self.mentions.any_in(said):
            return events
        for name in WRITTEN:
            events = each_text(events, name, self.mentions.without)
        for name in STATED:
            events = each_text(events, name, self.mentions.unless_named)
        return events

    def in_clear(self, rows: pa.Table) -> pa.Table:
        """What others' rows say in clear, without them."""
        for name in clear_columns(rows) if self.identifiers else ():
            rows = each_text(rows, name, self.mentions.left_of)
        return rows

    def names_somebody(self, original: bytes) -> bool:
        """Whether a row that was set aside names an erased person."""
        return bool(self.identifiers) and self.mentions.inside(original, self.fields)


def door_keeper(
    paths: DataPaths,
    tombstones: Iterable[Tombstone],
    contract: SourceContract,
    hasher: Hasher,
    decisions: Collection[str] = (),
) -> DoorKeeper:
    """What keeps erased people out of one source."""
    tombstones = list(tombstones)
    found = erased_identifiers(paths, tombstones, decisions)
    types = {stone.type for stone in tombstones if stone.kind == "person"}
    mentions = Mentions(hasher.key, hasher.region, found.is_person, types)
    return DoorKeeper(found, mentions, identifier_fields(contract))


def identifier_fields(contract: SourceContract) -> frozenset[str]:
    """The members of a source's records that hold identifiers, under all their names."""
    named = {spec.column for spec in contract.identifiers}
    named = named.union(*(contract.aliases.get(name, ()) for name in named))
    return frozenset(named | {root_of(name) for name in named})
