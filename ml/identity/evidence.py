"""Evidence frames checked, keyed and put in the order of arrival."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.identity.schema import IDENTIFIER_TYPES

IDENTIFIER_COLUMNS = ("identifier_key", "type", "value_hash", "first_seen_at", "last_seen_at")
PAIR_COLUMNS = ("a_key", "b_key", "rule", "source", "first_received_at", "last_received_at", "n_observed")


@dataclass(frozen=True)
class Evidence:
    """Identifiers sorted by key (their position is the node) and pairs sorted by arrival.

    Attributes:
        arrived: µs at which each node was first known, from itself or from a pair.
        ends: node numbers of each pair, shape (pairs, 2).
        edge_keys: stable key of each pair, from its ends, rule and source.
        at: arrival of each pair, µs.
    """

    identifiers: pd.DataFrame
    pairs: pd.DataFrame
    arrived: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    edge_keys: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]


def edge_key(a_key: int, b_key: int, rule: str, source: str) -> int:
    """Key of a link, the same whichever end is named first: 60 bits, like identifier keys."""
    low, high = sorted((a_key, b_key))
    return int(hashlib.sha256(f"{low}|{high}|{rule}|{source}".encode()).hexdigest()[:15], 16)


def order_evidence(identifiers: pd.DataFrame, pairs: pd.DataFrame) -> Evidence:
    """Check both frames and sort them; row order of the input has no influence.

    Raises:
        ValueError: a column is missing, an identifier type is unknown, a key occurs twice, or a pair names an
            identifier that is not there.
    """
    nodes = _checked_identifiers(identifiers)
    links = _checked_pairs(pairs, nodes["identifier_key"].to_numpy(dtype=np.int64))
    keys = nodes["identifier_key"].to_numpy(dtype=np.int64)
    ends = np.column_stack([np.searchsorted(keys, links[name].to_numpy(dtype=np.int64)) for name in ("a_key", "b_key")])
    at = microseconds(links["first_received_at"])
    own = "first_received_at" if "first_received_at" in nodes.columns else "first_seen_at"
    arrived = microseconds(nodes[own]).copy()
    for side in (0, 1):
        np.minimum.at(arrived, ends[:, side], at)
    return Evidence(nodes, links, arrived, ends, links["edge_key"].to_numpy(dtype=np.int64), at)


def microseconds(times: pd.Series) -> npt.NDArray[np.int64]:
    """UTC instants as integers; naive ones are taken as UTC."""
    utc = pd.to_datetime(times, utc=True).astype("datetime64[us, UTC]")
    return np.asarray(utc.astype("int64"), dtype=np.int64)


def _checked_identifiers(frame: pd.DataFrame) -> pd.DataFrame:
    _require_columns(frame, IDENTIFIER_COLUMNS, "identifiers")
    unknown = sorted(set(frame["type"].astype(str)) - set(IDENTIFIER_TYPES))
    if unknown:
        raise ValueError(f"identifiers.type: {unknown[0]!r} is not one of {', '.join(IDENTIFIER_TYPES)}")
    twice = frame.loc[frame["identifier_key"].duplicated(), "identifier_key"]
    if len(twice):
        raise ValueError(f"identifiers.identifier_key: {int(twice.iloc[0])} occurs more than once")
    return frame.sort_values("identifier_key", ignore_index=True)


def _checked_pairs(frame: pd.DataFrame, known: npt.NDArray[np.int64]) -> pd.DataFrame:
    _require_columns(frame, PAIR_COLUMNS, "pairs")
    for name in ("a_key", "b_key"):
        stray = frame.loc[~frame[name].isin(known), name]
        if len(stray):
            raise ValueError(f"pairs.{name}: {int(stray.iloc[0])} is not among the {len(known)} identifiers")
    rows = zip(frame["a_key"], frame["b_key"], frame["rule"], frame["source"], strict=True)
    links = frame.assign(
        edge_key=np.array([edge_key(int(a), int(b), str(r), str(s)) for a, b, r, s in rows], dtype=np.int64),
        low_key=frame[["a_key", "b_key"]].min(axis=1),
        high_key=frame[["a_key", "b_key"]].max(axis=1),
    )
    return links.sort_values(["first_received_at", "low_key", "high_key", "edge_key"], ignore_index=True)


def _require_columns(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"{name}.{missing[0]}: the column is missing; needed are {', '.join(columns)}")
