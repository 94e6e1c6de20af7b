"""A profile as it is stored: what answers tell of it stands there as JSON already, what decisions read is decoded for
whoever asks for it, once.

An answer that tells 80 features takes them over as they are; decoding and writing them took 8 µs. Decoding them for a
decision takes 4 to 8 µs, and most placements have no rule about any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from serving.snapshot.records import FeatureValue, ProfileRecord, ProfileRow, Recommended

_FIELDS = ProfileRecord.__struct_fields__
_FEATURES_AT, _RECOMMENDATIONS_AT = _FIELDS.index("features"), _FIELDS.index("recommendations")
_FEATURES = msgspec.json.Decoder(dict[str, FeatureValue])
_RECOMMENDATIONS = msgspec.msgpack.Decoder(dict[str, list[Recommended]])
_ROW = msgspec.msgpack.Decoder(ProfileRow)
_JSON, _MSGPACK = msgspec.json.Encoder().encode, msgspec.msgpack.Encoder().encode
# Where the fields themselves are kept, which the properties below stand before.
_FEATURES_HELD: Any = ProfileRow.features
_RECOMMENDATIONS_HELD: Any = ProfileRow.recommendations


class StoredProfile(ProfileRow, array_like=True, frozen=True):
    """A `ProfileRecord` that has been read and not yet been looked into."""

    @property  # type: ignore[misc]
    def features(self) -> dict[str, FeatureValue]:  # type: ignore[override]
        """Features by name."""
        found: dict[str, FeatureValue] = _decoded(self, _FEATURES_HELD, _FEATURES)
        return found

    @property  # type: ignore[misc]
    def recommendations(self) -> dict[str, list[Recommended]]:  # type: ignore[override]
        """Products by task, best first."""
        found: dict[str, list[Recommended]] = _decoded(self, _RECOMMENDATIONS_HELD, _RECOMMENDATIONS)
        return found


_STORED = msgspec.msgpack.Decoder(StoredProfile).decode


def stored_profile(content: Any) -> StoredProfile:
    """The profile of a stored row; nothing of it lies in the row's memory, so it may outlive the snapshot's."""
    return _STORED(content)


def encode_profile(record: ProfileRecord) -> bytes:
    """The row of a profile."""
    fields: list[Any] = list(msgspec.structs.astuple(record)[: len(_FIELDS)])
    fields[_FEATURES_AT] = _JSON(record.features)
    fields[_RECOMMENDATIONS_AT] = _MSGPACK(record.recommendations)
    return _MSGPACK([*fields, _products(record.recommendations)])


def decode_profile(content: Any) -> ProfileRecord:
    """All of the profile of a stored row.

    Raises:
        msgspec.DecodeError: it is none.
    """
    row = _ROW.decode(content)
    fields = list(msgspec.structs.astuple(row)[: len(_FIELDS)])
    fields[_FEATURES_AT] = _FEATURES.decode(row.features)
    fields[_RECOMMENDATIONS_AT] = _RECOMMENDATIONS.decode(row.recommendations)
    return ProfileRecord(*fields)


def told_features(profile: ProfileRecord) -> msgspec.Raw:
    """Features by name as JSON."""
    held = _FEATURES_HELD.__get__(profile) if type(profile) is StoredProfile else profile.features
    return msgspec.Raw(held if type(held) is bytes else _JSON(held))


def told_products(profile: ProfileRecord) -> msgspec.Raw:
    """Recommended products by task, best first, as JSON: their ids alone."""
    return msgspec.Raw(profile.products if type(profile) is StoredProfile else _products(profile.recommendations))


def _products(recommendations: Mapping[str, Sequence[Recommended]]) -> bytes:
    return _JSON({task: [item.product_id for item in items] for task, items in recommendations.items()})


def _decoded(profile: StoredProfile, held: Any, decoder: Any) -> Any:
    value = held.__get__(profile)
    if type(value) is bytes:
        value = decoder.decode(value)
        held.__set__(profile, value)
    return value
