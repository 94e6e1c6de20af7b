"""Checked evidence as integer arrays in the order of arrival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.identity.evidence import Evidence
from ml.identity.keys import edge_keys

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ordered:
    """Identifiers sorted by key (their position is the node) and pairs sorted by arrival.

    Attributes:
        arrived: µs at which each node was first known, from itself or from a pair.
        ends: node numbers of each pair, shape (pairs, 2).
        edge_keys: stable key of each pair, from its ends, rule and source.
        at: arrival of each pair, µs.
    """

    identifiers: pd.DataFrame
    pairs: pd.DataFrame
    arrived: Ints
    ends: Ints
    edge_keys: Ints
    at: Ints


def order_evidence(evidence: Evidence) -> Ordered:
    """Sort both frames; row order of the input has no influence."""
    nodes = evidence.identifiers.sort_values("identifier_key", ignore_index=True)
    keys = nodes["identifier_key"].to_numpy()
    pairs = evidence.pairs
    links = pairs.assign(
        edge_key=edge_keys(pairs["a_key"].to_numpy(), pairs["b_key"].to_numpy(), pairs["rule"], pairs["source"])
    ).sort_values(["first_received_at", "edge_key"], ignore_index=True)
    ends = np.column_stack([np.searchsorted(keys, links[name].to_numpy()) for name in ("a_key", "b_key")])
    at = microseconds(links["first_received_at"])
    arrived = microseconds(nodes["first_received_at"]).copy()
    for side in (0, 1):
        np.minimum.at(arrived, ends[:, side], at)
    return Ordered(nodes, links, arrived, ends, links["edge_key"].to_numpy(), at)


def microseconds(times: pd.Series) -> Ints:
    """Instants as integers."""
    return np.asarray(times.astype("datetime64[us, UTC]").astype("int64"), dtype=np.int64)
