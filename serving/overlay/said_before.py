"""What people have said of consent as far as intake knows, found by the part of a hash that key rotations leave."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from intake.hashing import name_of
from intake.ops_records import ConsentChange, from_text
from intake.ops_store import OpsStore

# The primary key begins with the identifier, so each name is one look into its index: some 10 µs.
_WORDS = """
select consent.* from json_each(?) as named
inner join consent on consent.identifier >= named.value and consent.identifier < named.value || '~'
order by consent.occurred_at
"""


class SaidBefore:
    """Words on consent in `ops.sqlite`. A worker that runs on through a rotation still finds them."""

    def __init__(self, store: OpsStore) -> None:
        self._store = store

    def __call__(self, hashes: Sequence[str]) -> list[ConsentChange]:
        """Every word of these identifiers, oldest first.

        Raises:
            OpsStoreError, sqlite3.Error: the store cannot be read.
        """
        names = sorted({name_of(value) for value in hashes})
        rows = self._store.rows(_WORDS, msgspec.json.encode(names).decode())
        return [
            ConsentChange(row["identifier"], row["purpose"], bool(row["granted"]), from_text(row["occurred_at"]))
            for row in rows
        ]
