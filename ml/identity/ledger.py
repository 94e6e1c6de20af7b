"""The ledger's frames, written from the replayed state."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import numpy as np
import pandas as pd

from ml.identity.history import Change, History
from ml.identity.keys import canonical_id
from ml.identity.ordering import Ordered, microseconds
from ml.identity.schema import FOREVER, IDENTIFIER_TYPES, Resolution, typed_table
from ml.identity.union import Components, Verdict

_FOREVER_US = int(microseconds(pd.Series([FOREVER]))[0])
_SHARED_REASON = "seen with more than one person"


def ledger_frames(evidence: Ordered, components: Components, history: History, verdicts: list[Verdict]) -> Resolution:
    """All six tables, rows in a stable order."""
    keys = evidence.identifiers["identifier_key"].to_numpy(dtype=np.int64).tolist()
    quarantine, shared = _quarantine(evidence, components, verdicts, keys)
    return Resolution(
        identifier=_identifiers(evidence, shared),
        edge=_edges(evidence, verdicts),
        canonical=_canonicals(history, keys),
        assignment=_assignments(evidence, history, keys),
        event=_events(history, keys),
        quarantine=quarantine,
    )


def _times(values: list[int]) -> pd.Series:
    return pd.Series(np.array(values, dtype="datetime64[us]")).dt.tz_localize("UTC")


def _identifiers(evidence: Ordered, shared: set[int]) -> pd.DataFrame:
    frame = evidence.identifiers
    marked = [node in shared for node in range(len(frame))]
    return typed_table(
        "identifier",
        {
            "identifier_key": list(frame["identifier_key"]),
            "type": list(frame["type"].astype(str)),
            "value_hash": list(frame["value_hash"].astype(str)),
            "first_seen_at": _times(microseconds(frame["first_seen_at"]).tolist()),
            "last_seen_at": _times(microseconds(frame["last_seen_at"]).tolist()),
            "degree_by_type": list(_degrees(evidence)),
            "status": ["shared" if mark else "active" for mark in marked],
            "reason": [_SHARED_REASON if mark else None for mark in marked],
        },
    )


def _degrees(evidence: Ordered) -> list[str]:
    types = evidence.identifiers["type"].astype(str).tolist()
    degrees: list[Counter[str]] = [Counter() for _ in types]
    for a, b in sorted({(min(pair), max(pair)) for pair in evidence.ends.tolist() if pair[0] != pair[1]}):
        degrees[a][types[b]] += 1
        degrees[b][types[a]] += 1
    return [json.dumps(degree, sort_keys=True) for degree in degrees]


def _edges(evidence: Ordered, verdicts: list[Verdict]) -> pd.DataFrame:
    pairs = evidence.pairs
    counts = pairs["n_observed"].astype("int64").tolist()
    rules, sources = pairs["rule"].astype(str).tolist(), pairs["source"].astype(str).tolist()
    return typed_table(
        "identity_edge",
        {
            "edge_key": evidence.edge_keys.tolist(),
            "a_key": pairs["a_key"].astype("int64").tolist(),
            "b_key": pairs["b_key"].astype("int64").tolist(),
            "kind": ["deterministic"] * len(pairs),
            "rule_id": list(rules),
            "source": list(sources),
            "evidence": [
                f"{rule}: seen together {n} x in {s}" for rule, s, n in zip(rules, sources, counts, strict=True)
            ],
            "weight": [float(n) for n in counts],
            "confidence": [1.0] * len(pairs),
            "first_seen_at": _times(evidence.at.tolist()),
            "last_seen_at": _times(microseconds(pairs["last_received_at"]).tolist()),
            "n_observed": list(counts),
            "state": [_edge_state(verdict) for verdict in verdicts],
            "reason": [None if verdict.accepted else str(verdict) for verdict in verdicts],
        },
    )


def _edge_state(verdict: Verdict) -> str:
    if verdict.accepted:
        return "active"
    return "quarantined" if verdict.quarantined else "rejected"


def _canonicals(history: History, keys: list[int]) -> pd.DataFrame:
    anchors = sorted(history.created)
    now = [history.anchor_now(anchor) for anchor in anchors]
    return typed_table(
        "canonical",
        {
            "canonical_id": [canonical_id(keys[anchor]) for anchor in anchors],
            "anchor_key": [keys[anchor] for anchor in anchors],
            "created_at": _times([history.created[anchor] for anchor in anchors]),
            "status": ["active" if same == anchor else "merged" for anchor, same in zip(anchors, now, strict=True)],
            "redirect_to": [
                None if same == anchor else canonical_id(keys[same]) for anchor, same in zip(anchors, now, strict=True)
            ],
        },
    )


def _assignments(evidence: Ordered, history: History, keys: list[int]) -> pd.DataFrame:
    spans = sorted(history.spans, key=lambda span: (span.start, span.node))
    seen = microseconds(evidence.identifiers["first_seen_at"]).tolist()
    return typed_table(
        "identity_assignment",
        {
            "identifier_key": [keys[span.node] for span in spans],
            "canonical_id": [canonical_id(keys[span.anchor]) for span in spans],
            "tier": ["certain"] * len(spans),
            "valid_from": _times([seen[span.node] for span in spans]),
            "valid_to": _times([_FOREVER_US] * len(spans)),
            "system_from": _times([span.start for span in spans]),
            "system_to": _times([_FOREVER_US if span.end is None else span.end for span in spans]),
            "via_edge_key": [span.via for span in spans],
        },
    )


def _events(history: History, keys: list[int]) -> pd.DataFrame:
    changes = history.changes
    survivors = [canonical_id(keys[change.survivor]) for change in changes]
    others = [None if change.other is None else canonical_id(keys[change.other]) for change in changes]
    return typed_table(
        "identity_event",
        {
            "event_id": [_event_id(*row) for row in zip(changes, survivors, others, strict=True)],
            "at": _times([change.at for change in changes]),
            "type": ["create" if change.other is None else "merge" for change in changes],
            "survivor_id": list(survivors),
            "other_id": list(others),
            "cause_edge_key": [change.via for change in changes],
            "actor": ["resolver"] * len(changes),
            "reason": [None] * len(changes),
        },
    )


def _event_id(change: Change, survivor: str, other: str | None) -> str:
    return hashlib.sha256(f"{change.at}|{survivor}|{other}".encode()).hexdigest()[:32]


def _quarantine(
    evidence: Ordered, components: Components, verdicts: list[Verdict], keys: list[int]
) -> tuple[pd.DataFrame, set[int]]:
    """Refused links, one row each on the disputed identifier; a dispute is closed once both sides are one person."""
    rows: list[tuple[object, ...]] = []
    shared: set[int] = set()
    times = _times(evidence.at.tolist())
    types = evidence.identifiers["type"].astype(str).tolist()
    for position, verdict in enumerate(verdicts):
        if not verdict.quarantined:
            continue
        a, b = evidence.ends[position].tolist()
        disputed, claimant = _disputed(components, types, a, b)
        is_open = components.anchor(a) != components.anchor(b)
        if is_open and types[disputed] not in ("login", "loyalty_id"):
            shared.add(disputed)
        detail = f"{types[disputed]} already belongs to another person than this {types[claimant]}"
        state = "open" if is_open else "resolved"
        key = int(evidence.edge_keys[position])
        rows.append((keys[disputed], key, str(verdict), detail, times.iloc[position], state))
    names = ("identifier_key", "edge_key", "reason", "detail", "at", "state")
    columns = {name: [row[index] for row in rows] for index, name in enumerate(names)}
    return typed_table("identity_quarantine", columns), shared


def _disputed(components: Components, types: list[str], a: int, b: int) -> tuple[int, int]:
    """The weaker end first: it is the one claimed twice."""
    rank = {node: IDENTIFIER_TYPES.index(types[node]) for node in (a, b)}
    weaker = a if (components.is_weak(a), rank[a]) >= (components.is_weak(b), rank[b]) else b
    return weaker, b if weaker == a else a
