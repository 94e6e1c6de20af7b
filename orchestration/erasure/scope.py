"""Whom one erasure is about: their identifiers, ids and words in clear; kept sealed until the pass is done."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet

from intake.atomic_file import PRIVATE_FILE, PRIVATE_FOLDER, sync
from intake.erased import ErasedIdentifiers, Kind, Spell
from intake.event import HINT_TYPES
from intake.hashing import identifier_key, name_of
from intake.keys import quarantine_cipher
from intake.paths import DataPaths
from intake.tombstones import Tombstone, token_of, tombstone_key
from intake.validation import micros

ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
SEALED = "scope.sealed"
_SETS = ("customer_ids", "clear", "common", "mentioning", "event_ids")


@dataclass(frozen=True)
class Held:
    """A shared identifier that was the person's from one moment up to another (µs since 1970 UTC)."""

    value_hash: str
    type: str
    from_micros: int
    until_micros: int


@dataclass
class Scope:
    """Everything that leads to the people of one request.

    Attributes:
        hashes: their own identifiers, hash → type.
        shared: identifiers that others have too, hash → type; never erased.
        spells: when a shared one was theirs.
        customer_ids: ids they have or had.
        clear: their identifiers in clear, as far as given or found.
        common: those of them that are the shop's own names as well: a card with the number of a product.
        mentioning: files of the lake in which others wrote them in clear.
        event_ids: ids of their events, personalization ids included.
        notes: what the requester should know; no personal data.
    """

    request_id: str
    at: datetime
    people: int
    hashes: dict[str, str] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)
    spells: list[Held] = field(default_factory=list)
    customer_ids: set[str] = field(default_factory=set)
    clear: set[str] = field(default_factory=set)
    common: set[str] = field(default_factory=set)
    mentioning: set[str] = field(default_factory=set)
    event_ids: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @property
    def keys(self) -> set[int]:
        """BIGINT keys of their own identifiers."""
        return {identifier_key(value_hash) for value_hash in self.hashes}

    @property
    def tokens(self) -> set[str]:
        """Text that names them in a table: hashes and customer ids."""
        return set(self.hashes) | self.customer_ids

    def add(self, value_hash: str, kind: str) -> None:
        """One more identifier that is theirs alone, and the customer id that is made from it."""
        self.hashes[value_hash] = kind
        self.shared.pop(value_hash, None)
        self.customer_ids.add(f"c{identifier_key(value_hash):015x}")

    def erased(self, paths: DataPaths) -> ErasedIdentifiers:
        """The rules of the door, by the part of a hash that no rotation changes: a log may hold older ones."""
        until = micros(self.at)
        spells = {
            name_of(value_hash): [Spell("person", micros(ALWAYS), until)]
            for value_hash, kind in self.hashes.items()
            if kind not in HINT_TYPES
        }
        for value_hash in self.shared:
            spells.setdefault(name_of(value_hash), []).append(Spell("shared", micros(ALWAYS), until))
        for held in self.spells:
            spells.setdefault(name_of(held.value_hash), []).append(
                Spell("spell", held.from_micros, min(held.until_micros, until))
            )
        return ErasedIdentifiers(spells, name_of, tombstone_key(paths), self.event_ids.__contains__)

    def tombstones(self, paths: DataPaths) -> list[Tombstone]:
        """What the door keeps of it."""
        key = tombstone_key(paths)

        def stone(value_hash: str, kind: Kind, named: str, since: datetime, until: datetime) -> Tombstone:
            return Tombstone(token_of(key, value_hash), kind, named, since, until, self.request_id)

        # An address of the network is nobody's for long: it may be another's tomorrow.
        lasting = sorted((name, named) for name, named in self.hashes.items() if named not in HINT_TYPES)
        own = [stone(name, "person", named, ALWAYS, self.at) for name, named in lasting]
        shared = [stone(name, "shared", named, ALWAYS, self.at) for name, named in sorted(self.shared.items())]
        spells = [
            stone(
                held.value_hash, "spell", held.type, _moment(held.from_micros), min(_moment(held.until_micros), self.at)
            )
            for held in self.spells
        ]
        return own + shared + spells


def folder_of(paths: DataPaths, request_id: str) -> Path:
    """Where the proof of a request lies."""
    return paths.root / "erasures" / request_id


def seal(paths: DataPaths, scope: Scope) -> None:
    """Keep the scope encrypted until the pass is done: whoever finishes it can ask no ledger any more."""
    content = {**asdict(scope), "at": scope.at.isoformat()}
    content |= {name: sorted(getattr(scope, name)) for name in _SETS}
    folder = folder_of(paths, scope.request_id)
    folder.mkdir(parents=True, exist_ok=True)
    for private in (folder, folder.parent):
        private.chmod(PRIVATE_FOLDER)
    draft = folder / f".{SEALED}.partial"
    draft.touch(PRIVATE_FILE)
    draft.write_bytes(_cipher(paths).encrypt(zlib.compress(json.dumps(content).encode(), 1)))
    sync(draft)
    draft.replace(folder / SEALED)
    sync(folder)


def unseal(paths: DataPaths, request_id: str) -> Scope | None:
    """The scope of an unfinished request, or None when it was never sealed."""
    file = folder_of(paths, request_id) / SEALED
    if not file.exists():
        return None
    content = json.loads(zlib.decompress(_cipher(paths).decrypt(file.read_bytes())))
    content |= {name: set(content.get(name, ())) for name in _SETS}
    spells = [Held(**held) for held in content.pop("spells")]
    return Scope(**{**content, "spells": spells, "at": datetime.fromisoformat(content["at"])})


def unlink_sealed(paths: DataPaths, request_id: str) -> None:
    """The pass is done: nothing that leads to the person stays."""
    for name in (SEALED, f".{SEALED}.partial"):
        (folder_of(paths, request_id) / name).unlink(missing_ok=True)


def _cipher(paths: DataPaths) -> Fernet:
    return quarantine_cipher(paths)


def _moment(at_micros: int) -> datetime:
    return datetime.fromtimestamp(max(at_micros, micros(ALWAYS)) / 1_000_000, UTC)
