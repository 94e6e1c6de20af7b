"""What is told of features is the JSON that a dict of them would be."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import FeatureValue, ProfileRecord
from serving.snapshot.told_profile import ToldProfiles
from tests.serving import sample

Features = dict[str, FeatureValue]
WHOLE: Features = {"a": 1, "größe": 0.1, "none": None, "yes": True, "far": 1e300, "said": 'Käse "x\\\u2028', "b": 2.0}


def stored(features: Features) -> bytes:
    return msgspec.msgpack.encode(ProfileRecord("c", features=features, agreed=["analytics"]))


@pytest.mark.parametrize(
    "series",
    [
        [WHOLE, dict.fromkeys(WHOLE), WHOLE],
        [WHOLE, {}, {"a": 3, "b": None}, WHOLE],
        [{}, {"b": 1}, WHOLE, {"b": 1}, {"b": 1, "new": 2}, WHOLE],
        [{'to "escape"': 1}, {'to "escape"': 2}, WHOLE, WHOLE],
        [{f"f{n}": n for n in range(size)} for size in range(20)],
    ],
)
def test_everybody_is_told_what_is_stored(series: list[Features]) -> None:
    told = ToldProfiles()
    for features in series:
        found = told.of(stored(features))
        assert msgspec.json.encode(found.features) == msgspec.json.encode(features)
        assert (found.customer_id, found.agreed) == ("c", ["analytics"])


def test_who_has_the_names_of_those_before_is_told_without_a_dict() -> None:
    told = ToldProfiles()
    told.of(stored(WHOLE))
    assert isinstance(told.of(memoryview(stored(WHOLE))).features, msgspec.Struct)


def test_a_profile_without_features_has_none_of_those_before() -> None:
    told = ToldProfiles()
    told.of(stored(WHOLE))
    assert msgspec.json.encode(told.of(msgspec.msgpack.encode(["short"])).features) == b"{}"


def test_every_field_is_told_as_it_was_written(tmp_path: Path) -> None:
    others = [name for name in ProfileRecord.__struct_fields__ if name not in ("features", "recommendations")]
    with closing(SnapshotReader(sample.write(tmp_path, policies=[]))) as reader:
        reader.told("ann")
        found = {p.customer_id: reader.told(p.customer_id) for p in sample.profiles()}
        assert reader.told("nobody") is None
    # The snapshot's memory is gone; what was read of it is not.
    for written in sample.profiles():
        told = found[written.customer_id]
        assert told is not None
        assert {name: getattr(told, name) for name in others} == {name: getattr(written, name) for name in others}
        assert msgspec.json.encode(told.features) == msgspec.json.encode(written.features)
        products = {task: [item.product_id for item in items] for task, items in told.recommendations.items()}
        assert products == {t: [item.product_id for item in items] for t, items in written.recommendations.items()}
