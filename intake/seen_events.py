"""Which event ids were accepted before, in memory that stays small beside the file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from intake.repeats import Hashes
from intake.values import Mask, mask_of


class SeenEvents:
    """Event ids accepted so far in this batch.

    Looked up by 64-bit hash in sorted runs that double in length, so that a file of n chunks costs n log n and not n²;
    a hit is compared as text before it counts.
    """

    def __init__(self) -> None:
        self._chunks: list[pa.Array] = []
        self._runs: list[Hashes] = []

    def duplicates(self, event_ids: pa.Array, candidates: Mask) -> Mask:
        """Candidates whose id came before; the first of equal ids is none. Remembers the new ones."""
        rows = np.flatnonzero(candidates)
        ids = event_ids if len(rows) == len(event_ids) else event_ids.take(pa.array(rows))
        codes = ids.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        again = np.ones(len(rows), dtype=bool)
        again[np.unique(codes, return_index=True)[1]] = False
        hashes = pd.util.hash_array(ids.to_numpy(zero_copy_only=False), categorize=False)
        again |= self._known(ids, hashes)
        self._remember(ids.filter(pa.array(~again)), hashes[~again])
        found = np.zeros(len(event_ids), dtype=bool)
        found[rows[again]] = True
        return found

    def _known(self, ids: pa.Array, hashes: Hashes) -> Mask:
        hits = np.zeros(len(hashes), dtype=bool)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            hits |= run[places] == hashes
        if not hits.any():
            return hits
        asked = ids.filter(pa.array(hits))
        told = [chunk.filter(pc.is_in(chunk, value_set=asked)) for chunk in self._chunks]
        hits[hits] = mask_of(pc.is_in(asked, value_set=pa.concat_arrays(told)))
        return hits

    def _remember(self, ids: pa.Array, hashes: Hashes) -> None:
        if not len(hashes):
            return
        self._chunks.append(ids)
        self._runs.append(np.sort(hashes))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]), kind="stable")
