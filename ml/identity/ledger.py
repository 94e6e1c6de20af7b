"""The ledger's frames, written from evidence and beliefs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.identity import machine, slices
from ml.identity.beliefs import DAY_US, Beliefs
from ml.identity.changes import Changes
from ml.identity.keys import canonical_ids, mix
from ml.identity.machine import LOG_ANCHOR, LOG_AT, LOG_NODE, LOG_TIER, LOG_VIA
from ml.identity.ordering import FAR, Ordered, microseconds
from ml.identity.schema import IDENTIFIER_TYPES, typed_table

Longs = npt.NDArray[np.int64]
STATUS_NAMES: Final = ("active", "shared", "blocked", "erased", "hint")
_TIER_NAMES: Final = ("manual", "certain", "probable")


def times(values: Longs) -> pd.Series:
    """UTC instants of µs."""
    return pd.Series(values.astype("datetime64[us]")).dt.tz_localize("UTC")


def named(codes: npt.NDArray[np.signedinteger[Any]], names: tuple[str, ...]) -> pd.Series:
    """The name of each code; null where it is negative."""
    texts = pd.array([*names, None], dtype="str")
    return pd.Series(texts.take(codes))


def final_status(ordered: Ordered, beliefs: Beliefs) -> tuple[npt.NDArray[np.int8], pd.Series]:
    """Status code of each node at the end, and the reason."""
    last = beliefs.statuses.drop_duplicates("node", keep="last").set_index("node")
    nodes = np.arange(len(ordered.keys))
    hints = (ordered.nodes["code"].to_numpy() >= len(IDENTIFIER_TYPES) - 2) * machine.HINT
    codes = last["status"].reindex(nodes).fillna(pd.Series(hints, index=nodes)).astype("int8")
    return np.asarray(codes, dtype=np.int8), last["reason"].reindex(nodes).reset_index(drop=True)


def identifier_table(ordered: Ordered, beliefs: Beliefs) -> pd.DataFrame:
    """Every identifier with its neighbours by type and its status."""
    frame = ordered.nodes
    status, reason = final_status(ordered, beliefs)
    columns = ("identifier_key", "type", "value_hash", "first_seen_at", "last_seen_at")
    return typed_table(
        "identifier",
        {
            **{name: frame[name] for name in columns},
            "degree_by_type": _degrees(ordered),
            "status": named(status, STATUS_NAMES),
            "reason": reason,
        },
    )


def _degrees(ordered: Ordered) -> pd.Series:
    """JSON of the number of distinct neighbours by type; equal texts are written once."""
    codes, nodes = ordered.nodes["code"].to_numpy(), len(ordered.keys)
    ends = np.sort(ordered.links[["a", "b"]].to_numpy().astype(np.int64), axis=1)
    pairs = np.unique(ends[ends[:, 0] != ends[:, 1]] @ np.array([nodes, 1], dtype=np.int64))
    low, high = np.divmod(pairs, max(nodes, 1))
    kinds = len(IDENTIFIER_TYPES)
    cells = np.concatenate((low * kinds + codes[high], high * kinds + codes[low]))
    counts = np.bincount(cells, minlength=nodes * kinds).reshape(nodes, kinds)
    return _texts(counts)


def _texts(counts: Longs) -> pd.Series:
    names = sorted(range(len(IDENTIFIER_TYPES)), key=IDENTIFIER_TYPES.__getitem__)
    words = np.zeros(len(counts), dtype=np.uint64)
    for name in names:
        words = mix(words ^ counts[:, name].astype(np.uint64))
    codes, distinct = pd.factorize(words)
    first = np.full(len(distinct), len(codes))
    np.minimum.at(first, codes, np.arange(len(codes)))
    texts = []
    for row in counts[first][:, names].tolist():
        parts = [f'"{IDENTIFIER_TYPES[name]}": {count}' for name, count in zip(names, row, strict=True) if count]
        texts.append("{" + ", ".join(parts) + "}")
    return named(codes, tuple(texts)) if texts else pd.Series([], dtype="str")


def assignment_table(ordered: Ordered, beliefs: Beliefs) -> pd.DataFrame:
    """Who each identifier was, on which days, as known when."""
    log = beliefs.log
    until = np.where(np.append(log[1:, LOG_NODE] == log[:-1, LOG_NODE], False), np.append(log[1:, LOG_AT], FAR), FAR)
    own = log[:, LOG_ANCHOR] >= 0
    first_day = microseconds(ordered.nodes["first_seen_at"]) // DAY_US
    whole = log[own]
    edge_keys = np.append(ordered.links["edge_key"].to_numpy(), -1)
    cut = beliefs.slices
    rows = pd.DataFrame(
        {
            "node": np.append(whole[:, LOG_NODE], cut[:, slices.SLICE_NODE]),
            "anchor": np.append(whole[:, LOG_ANCHOR], cut[:, slices.SLICE_ANCHOR]),
            "tier": np.append(whole[:, LOG_TIER], cut[:, slices.SLICE_TIER]),
            "valid_from": np.append(first_day[whole[:, LOG_NODE]], cut[:, slices.SLICE_FROM]) * DAY_US,
            "valid_to": np.append(np.full(len(whole), FAR), cut[:, slices.SLICE_TO] * DAY_US),
            "system_from": np.append(whole[:, LOG_AT], cut[:, slices.SLICE_SINCE]),
            "system_to": np.append(until[own], cut[:, slices.SLICE_UNTIL]),
            "via": np.append(edge_keys[whole[:, LOG_VIA]], np.full(len(cut), -1)),
        }
    ).sort_values(["system_from", "node", "valid_from"], ignore_index=True)
    return typed_table(
        "identity_assignment",
        {
            "identifier_key": ordered.keys[rows["node"].to_numpy()],
            "canonical_id": canonical_ids(ordered.keys[rows["anchor"].to_numpy()]),
            "tier": named(rows["tier"].to_numpy(), _TIER_NAMES),
            **{name: times(rows[name].to_numpy()) for name in ("valid_from", "valid_to", "system_from", "system_to")},
            "via_edge_key": _nullable(rows["via"].to_numpy()),
        },
    )


def _nullable(keys: Longs) -> pd.Series:
    return pd.Series(pd.arrays.IntegerArray(keys.astype(np.int64), keys < 0))


def canonical_table(ordered: Ordered, beliefs: Beliefs, changes: Changes) -> pd.DataFrame:
    """Every person there ever was, and who that person is now."""
    keys, now = ordered.keys, changes.now
    anchors = np.flatnonzero(changes.created < FAR)
    holder = now[anchors]
    status, _ = final_status(ordered, beliefs)
    kind = np.where(holder == anchors, np.where(beliefs.outcome.frozen[anchors], 1, 0), 2)
    kind = np.where(holder < 0, np.where(status[anchors] == machine.ERASED, 4, 3), kind)
    moved = kind == 2
    return typed_table(
        "canonical",
        {
            "canonical_id": canonical_ids(keys[anchors]),
            "anchor_key": keys[anchors],
            "created_at": times(changes.created[anchors]),
            "status": named(kind, ("active", "quarantined", "merged", "retired", "erased")),
            "redirect_to": canonical_ids(keys[np.where(moved, holder, 0)], moved),
        },
    )


def event_table(ordered: Ordered, changes: Changes) -> pd.DataFrame:
    """What happened to people, in order."""
    rows, keys = changes.events, ordered.keys
    other = rows["other"].to_numpy()
    return typed_table(
        "identity_event",
        {
            "event_id": changes.event_ids(keys),
            "at": times(rows["at"].to_numpy()),
            "type": rows["type"],
            "survivor_id": canonical_ids(keys[rows["survivor"].to_numpy()]),
            "other_id": canonical_ids(keys[np.maximum(other, 0)], other >= 0),
            "cause_edge_key": _nullable(rows["cause"].to_numpy()),
            "actor": rows["actor"],
            "reason": rows["reason"],
        },
    )
