"""Consent that was written as a word, as in any CSV: `granted: "yes"` is `granted: true`."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.consent_terms import USUAL_WORDS
from intake.values import mask_of

CONSENT_TYPE = "consent_updated"


def with_plain_words(event_types: pa.Array, properties: pa.Array) -> pa.Array:
    """The properties, in those of consent `granted` as true or false where it was one of the usual words."""
    said = np.flatnonzero(mask_of(pc.equal(event_types, CONSENT_TYPE)))
    if not len(said):
        return properties
    words = properties.take(pa.array(said)).dictionary_encode()
    plain = pa.array([_plain(word) for word in words.dictionary.to_pylist()], pa.string()).take(words.indices)
    mask = np.zeros(len(properties), dtype=bool)
    mask[said] = True
    return pc.replace_with_mask(properties, pa.array(mask), plain)


def _plain(properties: str) -> str:
    try:
        members = msgspec.json.decode(properties, type=dict[str, msgspec.Raw])
        word = msgspec.json.decode(members["granted"], type=str | int)
    except (msgspec.DecodeError, KeyError):
        return properties
    code = USUAL_WORDS.get(str(word).strip().casefold())
    if code not in (0, 1):
        return properties
    return msgspec.json.encode({**members, "granted": code == 1}).decode()
