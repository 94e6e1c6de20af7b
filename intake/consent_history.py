"""What each identifier last said of a purpose, at any moment; looked up for whole columns at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from intake.ops_records import ConsentChange
from intake.validation import micros
from intake.values import Whole

NOTHING, REFUSED, GRANTED = -1, 0, 1


class LastWord(NamedTuple):
    """For each value asked: GRANTED, REFUSED or NOTHING, and since when (microseconds since 1970; 0 for nothing)."""

    state: npt.NDArray[np.int8]
    since: Whole


class ConsentHistory:
    """The words given on one purpose. Of two at the same moment the refusal counts."""

    def __init__(self, changes: Iterable[ConsentChange] = ()) -> None:
        kept = sorted(changes, key=lambda change: (change.identifier, change.occurred_at, not change.granted))
        self._changes = tuple(kept)
        names = list(dict.fromkeys(change.identifier for change in kept))
        codes = {name: code for code, name in enumerate(names)}
        self._known = pa.array(names, pa.string())
        self._owners = np.array([codes[change.identifier] for change in kept], dtype=np.int64)
        self._since = np.array([micros(change.occurred_at) for change in kept], dtype=np.int64)
        self._granted = np.array([change.granted for change in kept], dtype=np.int8)
        self._moments = np.unique(self._since)
        self._keys = self._key(self._owners, self._since)

    def __len__(self) -> int:
        return len(self._changes)

    def extended(self, changes: Iterable[ConsentChange]) -> ConsentHistory:
        """The same with more words."""
        more = tuple(changes)
        return ConsentHistory((*self._changes, *more)) if more else self

    def last_word(self, values: pa.Array, at_micros: Whole) -> LastWord:
        """What each identifier had said when its moment came; a word counts from its own moment on."""
        state, since = np.full(len(values), NOTHING, dtype=np.int8), np.zeros(len(values), dtype=np.int64)
        if not len(self._changes):
            return LastWord(state, since)
        owners = pc.fill_null(pc.index_in(values, value_set=self._known), -1).to_numpy(zero_copy_only=False)
        asked = np.flatnonzero(owners >= 0)
        place = np.searchsorted(self._keys, self._key(owners[asked], at_micros[asked]), side="right") - 1
        said = (place >= 0) & (self._owners[np.maximum(place, 0)] == owners[asked])
        rows, words = asked[said], place[said]
        state[rows], since[rows] = self._granted[words], self._since[words]
        return LastWord(state, since)

    def _key(self, owners: Whole, moments: Whole) -> Whole:
        """One number that sorts by owner, then by moment."""
        ranks = np.searchsorted(self._moments, moments, side="right")
        return np.asarray(owners.astype(np.int64) * (len(self._moments) + 1) + ranks)
