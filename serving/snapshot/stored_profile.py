"""A profile as a decision reads it: features and recommendations are decoded for whoever asks for them, once.

Decoding a profile of 80 features takes 8 µs, without them 2; most placements have no rule about any.
"""

from __future__ import annotations

from typing import Any

import msgspec

from serving.snapshot.records import FeatureValue, ProfileRecord, Recommended

_EMPTY = msgspec.Raw(msgspec.msgpack.encode({}))
_FEATURES = msgspec.msgpack.Decoder(dict[str, FeatureValue])
_RECOMMENDATIONS = msgspec.msgpack.Decoder(dict[str, list[Recommended]])


class _Undecoded(ProfileRecord, array_like=True, frozen=True):
    """The same fields in the same order; those that are named anew stay as they are stored."""

    features: msgspec.Raw = _EMPTY  # type: ignore[assignment]
    recommendations: msgspec.Raw = _EMPTY  # type: ignore[assignment]


# Where the fields themselves are kept, which the properties below stand before.
_FEATURES_HELD: Any = _Undecoded.features
_RECOMMENDATIONS_HELD: Any = _Undecoded.recommendations


class StoredProfile(_Undecoded, array_like=True, frozen=True):
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


_DECODE = msgspec.msgpack.Decoder(StoredProfile).decode


def stored_profile(content: Any) -> StoredProfile:
    """The profile of a stored row, which is copied: it may outlive the snapshot's memory."""
    return _DECODE(bytes(content))


def _decoded(profile: StoredProfile, held: Any, decoder: msgspec.msgpack.Decoder[Any]) -> Any:
    value = held.__get__(profile)
    if type(value) is msgspec.Raw:
        value = decoder.decode(value)
        held.__set__(profile, value)
    return value
