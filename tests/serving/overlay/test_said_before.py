"""Words of consent that intake knows are found by every generation of a hash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from intake.hashing import CHAIN, hash_identifier
from intake.ops_records import BatchRecord, ConsentChange
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from serving.overlay.said_before import SaidBefore
from serving.overlay.words import owner_of

AT = datetime(2026, 3, 1, tzinfo=UTC)
OLD, NEW = b"k" * 32, CHAIN.join([b"k" * 32, b"n" * 32])


def test_words_are_found_by_hashes_of_older_and_newer_keys(tmp_path: Path) -> None:
    store = OpsStore(DataPaths(tmp_path))
    ada, ada_since, bob = (
        str(hash_identifier(key, "email", name))
        for key, name in ((OLD, "ada@x.test"), (NEW, "ada@x.test"), (OLD, "b@x.test"))
    )
    assert ada != ada_since
    words = [
        ConsentChange(ada_since, "analytics", True, AT),
        ConsentChange(ada_since, "analytics", False, AT + timedelta(days=1)),
        ConsentChange(bob, "analytics", True, AT),
    ]
    store.record_batch(BatchRecord("b1", "crm", "1", "f", "h", 0, 0, 0, 0, 0, 0, AT, AT), [], {}, words)
    found = SaidBefore(store)
    for value in (ada, ada_since):
        assert [(word.granted, word.occurred_at) for word in found([value])] == [
            (True, AT),
            (False, AT + timedelta(days=1)),
        ]
        assert {owner_of(word.identifier) for word in found([value])} == {owner_of(value)}
    assert [word.identifier for word in found([bob])] == [bob]
    assert found(["0" * 32]) == found([]) == []
