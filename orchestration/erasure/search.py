"""Many words in many bytes at once: the time goes by the bytes, for a thousand people hardly more than for one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.erasure.search_grid import Grid

# Three arrays of 64-bit integers over an eighth of it stay in the second-level cache.
_CHUNK = 1 << 19
# Window and stride, in bytes: a word of at least their sum less one has a whole window on the grid wherever it stands.
_GRIDS = ((8, 8), (6, 4), (6, 1))

Places = npt.NDArray[np.int64]


class Hit(NamedTuple):
    """A word that was found, and where it begins."""

    place: int
    word: bytes


class Search:
    """Finds words in bytes, capital letters of ASCII being the same as small ones.

    Args:
        words: what to look for; empty ones are passed over.
    """

    def __init__(self, words: Iterable[bytes]) -> None:
        left = {word.lower() for word in words} - {b""}
        self._longest = max(map(len, left), default=0)
        self._grids: list[Grid] = []
        for window, stride in _GRIDS:
            fitting = sorted(word for word in left if len(word) >= window + stride - 1)
            if fitting:
                self._grids.append(Grid(fitting, window, stride))
                left.difference_update(fitting)
        self._short = sorted(left)

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return self._longest > 0

    def hits(self, content: bytes | memoryview) -> Iterator[Hit]:
        """Every place of every word, chunk after chunk; within a chunk in no particular order."""
        if not self:
            return
        for start in range(0, len(content), _CHUNK):
            part = bytes(content[start : start + _CHUNK + self._longest - 1]).lower()
            for place, word in self._within(part):
                if place < _CHUNK:
                    yield Hit(start + place, word)

    def rows(self, texts: pa.Array) -> Iterator[tuple[int, Hit]]:
        """Rows of an array of strings or binaries that hold a word, with the hit counted from the row's begin."""
        offsets, content = _buffers(texts)
        begin = int(offsets[0])
        for place, word in self.hits(content[begin : int(offsets[-1])]):
            row = int(np.searchsorted(offsets, place + begin, side="right")) - 1
            if place + begin + len(word) <= offsets[row + 1]:
                yield row, Hit(place + begin - int(offsets[row]), word)

    def _within(self, part: bytes) -> Iterator[tuple[int, bytes]]:
        for grid in self._grids:
            yield from grid.hits(part)
        for word in self._short:
            at = part.find(word)
            while at >= 0:
                yield at, word
                at = part.find(word, at + 1)


def _buffers(texts: pa.Array) -> tuple[Places, memoryview]:
    is_large = pa.types.is_large_string(texts.type) or pa.types.is_large_binary(texts.type)
    width = np.dtype(np.int64 if is_large else np.int32)
    _, offsets, data = texts.buffers()
    found = np.frombuffer(offsets, width, len(texts) + 1, texts.offset * width.itemsize).astype(np.int64)
    return found, memoryview(data if data is not None else b"")
