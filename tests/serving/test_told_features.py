"""What is told of features is the JSON that a dict of them would be."""

from __future__ import annotations

import msgspec
import pytest

from serving.snapshot.records import FeatureValue, ProfileRecord
from serving.snapshot.stored_profile import stored_profile
from serving.snapshot.told_features import ToldFeatures

Features = dict[str, FeatureValue]
WHOLE: Features = {"a": 1, "größe": 0.1, "none": None, "yes": True, "far": 1e300, "said": 'Käse "x\\\u2028', "b": 2.0}


def stored(features: Features) -> ProfileRecord:
    return stored_profile(msgspec.msgpack.encode(ProfileRecord("c", features=features)))


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
    told = ToldFeatures()
    for features in series:
        assert msgspec.json.encode(told.of(stored(features))) == msgspec.json.encode(features)


def test_who_has_the_names_of_those_before_is_told_without_a_dict() -> None:
    told = ToldFeatures()
    told.of(stored(WHOLE))
    assert isinstance(told.of(stored(WHOLE)), msgspec.Struct)


def test_features_that_were_changed_are_told_as_changed() -> None:
    told = ToldFeatures()
    told.of(stored(WHOLE))
    changed = {**WHOLE, "a": 7}
    assert told.of(msgspec.structs.replace(stored(WHOLE), features=changed)) == changed
    assert told.of(ProfileRecord("c", features=changed)) == changed
