"""A profile read for a decision is the one that was written, decoded as far as somebody asks."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import lmdb
import msgspec
import pytest

from serving.person import find_person
from serving.snapshot.building import data_checks
from serving.snapshot.manifest import DATA_FILE, MANIFEST
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import FeatureValue, ProfileRecord, Recommended, SnapshotError
from serving.snapshot.stored_profile import (
    StoredProfile,
    decode_profile,
    encode_profile,
    stored_profile,
    told_features,
    told_products,
)
from serving.snapshot.verify import verify
from tests.serving import sample

NAMES = ProfileRecord.__struct_fields__


def test_every_field_is_as_it_was_written(tmp_path: Path) -> None:
    assert StoredProfile.__struct_fields__ == (*NAMES, "products")
    with closing(SnapshotReader(sample.write(tmp_path, policies=[]))) as reader:
        found = {p.customer_id: reader.visitor(p.customer_id) for p in sample.profiles()}
        assert reader.visitor("nobody") is None
    # The snapshot's memory is gone; what was read of it is not.
    for written in sample.profiles():
        read = found[written.customer_id]
        for _ in range(2):
            assert {name: getattr(read, name) for name in NAMES} == {name: getattr(written, name) for name in NAMES}


def test_nothing_is_decoded_that_nobody_asks_for() -> None:
    damaged = msgspec.msgpack.encode(["c", 3, None, "segment", None, None, True, False, False, [], b'{"a":[1]}'])
    profile = stored_profile(damaged)
    assert (profile.segment_id, profile.consent_personalization, profile.recommendations) == (3, True, {})
    assert told_features(profile) == msgspec.Raw(b'{"a":[1]}')
    with pytest.raises(msgspec.ValidationError):
        _ = profile.features


def test_changed_features_take_the_place_of_the_stored_ones() -> None:
    profile = stored_profile(encode_profile(ProfileRecord("c", features={"a": 1})))
    changed = msgspec.structs.replace(profile, features={"b": 2})
    assert (changed.features, told_features(changed)) == ({"b": 2}, msgspec.Raw(b'{"b":2}'))
    assert profile.features == {"a": 1}


@pytest.mark.parametrize(
    "features",
    [
        {},
        {"a": 1, "größe": 0.1, "none": None, "yes": True, "far": 1e300, "near": 5e-324, "whole": 2.0, "minus": -0.0},
        {"said": 'Käse "x\\\u2028\t', 'to "escape"': 2**63, "least": -(2**63), "": 1e22},
    ],
)
def test_what_is_told_is_what_the_record_says(features: dict[str, FeatureValue]) -> None:
    lists = {"buy_again": [Recommended("p1", 0.5, "often"), Recommended('p"2', 0.25)], "popular": []}
    written = ProfileRecord("c", features=features, recommendations=lists, account_id="acme")
    row = encode_profile(written)
    told = {"features": features, "products": {task: [one.product_id for one in lists[task]] for task in lists}}
    for profile in (stored_profile(memoryview(row)), written):
        found = {"features": told_features(profile), "products": told_products(profile)}
        assert msgspec.json.encode(found) == msgspec.json.encode(told)
    read = decode_profile(row)
    assert read == written
    assert [*map(repr, read.features.values())] == [*map(repr, features.values())]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_not_known(number: float) -> None:
    assert decode_profile(encode_profile(ProfileRecord("c", features={"a": number}))).features == {"a": None}


def test_a_row_that_says_two_things_is_refused(tmp_path: Path) -> None:
    ann = stored_profile(encode_profile(sample.profiles()[0]))
    folder = sample.write(tmp_path, policies=[])
    verify(folder)
    file = lmdb.open(str(folder / DATA_FILE), subdir=False, max_dbs=20, lock=False)
    with closing(file) as environment, environment.begin(write=True) as writing:
        table = environment.open_db(b"profile", txn=writing)
        stored = msgspec.msgpack.decode(writing.get(b"ann", db=table))
        assert stored[-1] == ann.products != b"{}"
        writing.put(b"ann", msgspec.msgpack.encode([*stored[:-1], b"{}"]), db=table)
    said = msgspec.json.decode((folder / MANIFEST).read_bytes())
    said["files"] = msgspec.to_builtins(data_checks(folder))
    (folder / MANIFEST).write_bytes(msgspec.json.encode(said))
    with pytest.raises(SnapshotError, match="not stored as this program stores it"):
        verify(folder)


def test_a_person_has_what_every_customer_named_has_granted(tmp_path: Path) -> None:
    folder = sample.write(tmp_path, policies=[])
    identifiers = [("loyalty_id", sample.value_hash("loyalty_id", name)) for name in ("ann", "dan")]
    with closing(SnapshotReader(folder)) as reader:
        ann, both = find_person(reader, identifiers[:1]), find_person(reader, identifiers)
        assert ann.granted - both.granted == {"profiling_price"}
        assert both.customer_ids in (("ann", "dan"), ("dan", "ann"))
