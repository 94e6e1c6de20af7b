"""Keys computed a column at a time: edges, people, events."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Keys = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
_HEX: Final = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_SIXTY_BITS: Final = np.uint64(2**60 - 1)


def mix(words: Words) -> Words:
    """SplitMix64's finalizer (Steele, Lea and Flood 2014): a bijection in which each bit moves half of the others."""
    with np.errstate(over="ignore"):
        words = words + np.uint64(0x9E3779B97F4A7C15)
        words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def edge_keys(a_key: Keys, b_key: Keys, rule: pd.Series, source: pd.Series) -> Keys:
    """Keys of links, 60 bits like those of identifiers and the same whichever end is named first.

    A billion links share a key with a chance of about 0.4; ten million with one of 0.00004.
    """
    low, high = np.minimum(a_key, b_key), np.maximum(a_key, b_key)
    ends = mix(mix(low.astype(np.uint64)) ^ high.astype(np.uint64))
    return (mix(ends ^ _text_words(rule) ^ mix(_text_words(source))) & _SIXTY_BITS).astype(np.int64)


def edge_key(a_key: int, b_key: int, rule: str, source: str) -> int:
    """`edge_keys` of one link."""
    ends = np.array([a_key], dtype=np.int64), np.array([b_key], dtype=np.int64)
    return int(edge_keys(*ends, pd.Series([rule], dtype="str"), pd.Series([source], dtype="str"))[0])


def canonical_id(identifier_key: int) -> str:
    """Public id of the person whose oldest identifier is `identifier_key`: `c` and 15 hex digits."""
    return f"c{identifier_key:015x}"


def canonical_ids(identifier_keys: Keys, known: npt.NDArray[np.bool_] | None = None) -> pd.Series:
    """`canonical_id` of each key; null where `known` is false."""
    text = np.empty((len(identifier_keys), 16), dtype=np.uint8)
    text[:, 0] = ord("c")
    text[:, 1:] = _nibbles(identifier_keys, 15)
    return _strings(text, known)


def event_ids(*columns: Keys) -> pd.Series:
    """32 hex digits from integer columns."""
    halves = [np.zeros(len(columns[0]), dtype=np.uint64) + np.uint64(seed) for seed in (1, 2)]
    for column in columns:
        halves = [mix(half ^ column.astype(np.uint64)) for half in halves]
    return _strings(np.hstack([_nibbles(half.view(np.int64), 16) for half in halves]), None)


def _nibbles(values: Keys, digits: int) -> npt.NDArray[np.uint8]:
    text = np.empty((len(values), digits), dtype=np.uint8)
    for place in range(digits):
        text[:, place] = _HEX[(values >> (4 * (digits - 1 - place))) & 15]
    return text


def _strings(text: npt.NDArray[np.uint8], known: npt.NDArray[np.bool_] | None) -> pd.Series:
    rows, width = text.shape
    offsets = pa.py_buffer(np.arange(0, (rows + 1) * width, width, dtype=np.int64))
    array = pa.Array.from_buffers(pa.large_string(), rows, [None, offsets, pa.py_buffer(np.ascontiguousarray(text))])
    series = pd.Series(pd.array(array, dtype="str"))
    return series if known is None else series.where(pd.Series(known))


def _text_words(texts: pd.Series) -> Words:
    """64 bits of the SHA-256 of each text; each distinct one is hashed once."""
    codes, distinct = pd.factorize(texts.astype("str"))
    digests = [int.from_bytes(hashlib.sha256(str(text).encode()).digest()[:8], "big") for text in distinct]
    return np.array(digests, dtype=np.uint64)[codes]
