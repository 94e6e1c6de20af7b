"""Features on their way into an answer: as a struct of their names, which is written as the same JSON as a dict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from serving.snapshot.records import FeatureValue, ProfileRecord
from serving.snapshot.stored_profile import undecoded_features

# A snapshot carries the same names for everybody; making a type of them takes a millisecond.
_TYPES_MADE = 8


class ToldFeatures:
    """Of one snapshot. 80 numbers are decoded into a struct in a third of the time of a dict."""

    def __init__(self) -> None:
        self._decode: Callable[[msgspec.Raw], Any] | None = None
        self._names = 0
        self._left = _TYPES_MADE

    def of(self, profile: ProfileRecord) -> Any:
        """What is encoded as the profile's features: a struct, or the dict where some name is new or was changed."""
        stored = undecoded_features(profile)
        if stored is None:
            return profile.features
        if self._decode is not None:
            try:
                return self._decode(stored)
            except msgspec.ValidationError:
                # A name that the type does not have.
                pass
        features = profile.features
        if self._left and len(features) > self._names:
            self._learn(features)
        return features

    def _learn(self, names: Iterable[str]) -> None:
        self._left -= 1
        named = {f"f{place}": name for place, name in enumerate(names)}
        # Without the unset, who lacks a name would be told it as null.
        fields = [(field, FeatureValue | msgspec.UnsetType, msgspec.UNSET) for field in named]
        try:
            kind = msgspec.defstruct("Features", fields, rename=named, forbid_unknown_fields=True, gc=False)
        except ValueError:
            # JSON would have to escape a name, which structs do not.
            self._left = 0
            return
        self._decode, self._names = msgspec.msgpack.Decoder(kind).decode, len(named)
