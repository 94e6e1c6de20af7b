"""A profile read for a decision is the one that was written, decoded as far as somebody asks."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec

from serving.person import find_person
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProfileRecord
from serving.snapshot.stored_profile import StoredProfile, stored_profile
from tests.serving import sample

NAMES = ProfileRecord.__struct_fields__


def test_every_field_is_as_it_was_written(tmp_path: Path) -> None:
    assert StoredProfile.__struct_fields__ == NAMES
    with closing(SnapshotReader(sample.write(tmp_path, policies=[]))) as reader:
        found = {p.customer_id: reader.visitor(p.customer_id) for p in sample.profiles()}
        assert reader.visitor("nobody") is None
    # The snapshot's memory is gone; what was read of it is not.
    for written in sample.profiles():
        read = found[written.customer_id]
        for _ in range(2):
            assert {name: getattr(read, name) for name in NAMES} == {name: getattr(written, name) for name in NAMES}


def test_nothing_is_decoded_that_nobody_asks_for() -> None:
    damaged = msgspec.msgpack.encode(["c", 3, None, "segment", None, None, True, False, False, [], {"a": [1]}])
    profile = stored_profile(damaged)
    assert (profile.segment_id, profile.consent_personalization, profile.recommendations) == (3, True, {})


def test_changed_features_take_the_place_of_the_stored_ones() -> None:
    profile = stored_profile(msgspec.msgpack.encode(ProfileRecord("c", features={"a": 1})))
    assert msgspec.structs.replace(profile, features={"b": 2}).features == {"b": 2}
    assert profile.features == {"a": 1}


def test_a_person_has_what_every_customer_named_has_granted(tmp_path: Path) -> None:
    folder = sample.write(tmp_path, policies=[])
    identifiers = [("loyalty_id", sample.value_hash("loyalty_id", name)) for name in ("ann", "dan")]
    with closing(SnapshotReader(folder)) as reader:
        ann, both = find_person(reader, identifiers[:1]), find_person(reader, identifiers)
        assert ann.granted - both.granted == {"profiling_price"}
        assert both.customer_ids in (("ann", "dan"), ("dan", "ann"))
