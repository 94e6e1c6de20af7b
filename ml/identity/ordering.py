"""Checked evidence as integer arrays in the order of arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.identity.evidence import Evidence
from ml.identity.keys import edge_keys
from ml.identity.machine import CERTAIN, MANUAL, PROBABLE
from ml.identity.schema import FOREVER, IDENTIFIER_TYPES

Longs = npt.NDArray[np.int64]
TYPE_CODE: Final = {name: code for code, name in enumerate(IDENTIFIER_TYPES)}
_KIND: Final = {MANUAL: "manual", CERTAIN: "deterministic", PROBABLE: "probabilistic"}
_TIER: Final = {name: tier for tier, name in _KIND.items()}


@dataclass(frozen=True)
class Ordered:
    """Identifiers sorted by key, their position is the node; links in the order in which the ledger takes them.

    Attributes:
        nodes: the identifiers frame, with `code`, the position of the type in IDENTIFIER_TYPES.
        keys: identifier keys, ascending.
        arrived: µs at which each node was first known, from itself or from a pair.
        links: pairs and must-links by (arrival, tier, -weight, edge key): a, b (nodes), tier, edge_key, and the
            columns of pairs; `actor`, `note` and `until` (µs at which a later override ended it) of must-links.
        bans: vetoes and cannot-links: a, b (nodes), is_cannot, start and end (µs), actor, reason.
        claims: identifier and owner as nodes, day (days since 1970), at (µs), n_observed.
        flags: node, status, reason, at.
        erased: µs at which each node was erased, or the far future.
    """

    nodes: pd.DataFrame
    keys: Longs
    arrived: Longs
    links: pd.DataFrame
    bans: pd.DataFrame
    claims: pd.DataFrame
    flags: pd.DataFrame
    erased: Longs


def order_evidence(evidence: Evidence) -> Ordered:
    """Number nodes and sort links; row order of the input has no influence."""
    nodes = evidence.identifiers.sort_values("identifier_key", ignore_index=True)
    nodes["code"] = pd.Categorical(nodes["type"], categories=list(IDENTIFIER_TYPES)).codes
    keys = nodes["identifier_key"].to_numpy()
    arrived = _arrivals(nodes, evidence.pairs, keys)
    overrides = _in_force(evidence.overrides)
    return Ordered(
        nodes=nodes,
        keys=keys,
        arrived=arrived,
        links=_links(evidence.pairs, overrides.loc[overrides["kind"] == "must_link"], keys, arrived),
        bans=_bans(evidence.vetoes, overrides.loc[overrides["kind"] == "cannot_link"], keys, arrived),
        claims=_claims(evidence.claims, keys, arrived),
        flags=pd.DataFrame(
            {
                "node": np.searchsorted(keys, evidence.flags["identifier_key"].to_numpy()),
                "status": evidence.flags["status"],
                "reason": evidence.flags["reason"],
                "at": microseconds(evidence.flags["received_at"]),
            }
        ),
        erased=_erasures(evidence.erased, keys),
    )


def microseconds(times: pd.Series) -> Longs:
    """UTC instants as integers."""
    return np.asarray(times.astype("datetime64[us, UTC]").astype("int64"), dtype=np.int64)


FAR: Final = int(microseconds(pd.Series([FOREVER]))[0])


def _in_force(overrides: pd.DataFrame) -> pd.DataFrame:
    """Each change of mind about a pair once: `start` and `end` in µs, `lifts` where it ends the opposite."""
    frame = overrides.assign(
        low=overrides[["a_key", "b_key"]].min(axis=1),
        high=overrides[["a_key", "b_key"]].max(axis=1),
        start=microseconds(overrides["created_at"]),
    ).sort_values(["low", "high", "start", "kind", "actor", "reason"], ignore_index=True)
    pair = frame.groupby(["low", "high"], sort=False)
    frame["lifts"] = pair["kind"].shift().notna()
    frame = frame.loc[pair["kind"].shift() != frame["kind"]]
    end = frame.groupby(["low", "high"], sort=False)["start"].shift(-1)
    return frame.assign(end=end.fillna(FAR).astype("int64"))


def _links(pairs: pd.DataFrame, must: pd.DataFrame, keys: Longs, arrived: Longs) -> pd.DataFrame:
    frame = pairs.assign(tier=pairs["kind"].map(_TIER).astype("int8"), identity=pairs["rule"], until=FAR, lifts=False)
    if len(must):
        frame = pd.concat([frame, _manual(must)], ignore_index=True)
    a_key, b_key = frame["a_key"].to_numpy(), frame["b_key"].to_numpy()
    a, b = np.searchsorted(keys, a_key), np.searchsorted(keys, b_key)
    frame = frame.assign(
        kind=frame["tier"].map(_KIND).astype("str"),
        edge_key=edge_keys(a_key, b_key, frame["identity"], frame["source"]),
        a=a.astype(np.int32),
        b=b.astype(np.int32),
        at=_not_before(microseconds(frame["first_received_at"]), arrived, a, b),
    )
    columns = (frame["edge_key"], -frame["weight"], frame["tier"], frame["at"])
    return frame.iloc[np.lexsort([column.to_numpy() for column in columns])].reset_index(drop=True)


def _manual(must: pd.DataFrame) -> pd.DataFrame:
    """Must-links as links; the moment is part of what tells two of one pair apart."""
    at = must["created_at"]
    return pd.DataFrame(
        {
            "a_key": must["a_key"],
            "b_key": must["b_key"],
            "rule": pd.Series("must_link", index=must.index, dtype="str"),
            "source": must["actor"],
            "weight": 1.0,
            "first_seen_at": at,
            "last_seen_at": at,
            "first_received_at": at,
            "last_received_at": at,
            "n_observed": 1,
            "tier": pd.Series(MANUAL, index=must.index, dtype="int8"),
            "identity": "must_link " + must["start"].astype("str"),
            "until": must["end"],
            "lifts": must["lifts"],
            "actor": must["actor"],
            "note": must["reason"],
        }
    )


def _arrivals(nodes: pd.DataFrame, pairs: pd.DataFrame, keys: Longs) -> Longs:
    arrived = microseconds(nodes["first_received_at"]).copy()
    at = microseconds(pairs["first_received_at"])
    for side in ("a_key", "b_key"):
        np.minimum.at(arrived, np.searchsorted(keys, pairs[side].to_numpy()), at)
    return arrived


def _not_before(at: Longs, arrived: Longs, one: Longs, other: Longs) -> Longs:
    """What is said about identifiers counts once both are known: a run before that would not have listed it."""
    return np.maximum(at, np.maximum(arrived[one], arrived[other]))


def _bans(vetoes: pd.DataFrame, cannot: pd.DataFrame, keys: Longs, arrived: Longs) -> pd.DataFrame:
    said = (
        vetoes.assign(is_cannot=False, start=microseconds(vetoes["received_at"]), end=FAR, actor="resolver"),
        cannot.assign(is_cannot=True),
    )
    names = ["a_key", "b_key", "is_cannot", "start", "end", "actor", "reason"]
    bans = pd.concat([frame[names] for frame in said if len(frame)] or [said[0][names]], ignore_index=True)
    a, b = (np.searchsorted(keys, bans[name].to_numpy()) for name in ("a_key", "b_key"))
    bans = bans.assign(a=a, b=b, start=_not_before(bans["start"].to_numpy(dtype=np.int64), arrived, a, b))
    return bans.sort_values(["start", "a", "b", "is_cannot", "reason"], ignore_index=True)


def _claims(claims: pd.DataFrame, keys: Longs, arrived: Longs) -> pd.DataFrame:
    day = claims["claim_date"].astype("datetime64[us, UTC]").dt.floor("D")
    node, owner = (np.searchsorted(keys, claims[name].to_numpy()) for name in ("identifier_key", "owner_key"))
    return pd.DataFrame(
        {
            "node": node,
            "owner": owner,
            "day": microseconds(day) // 86_400_000_000,
            "at": _not_before(microseconds(claims["first_received_at"]), arrived, node, owner),
            "n_observed": claims["n_observed"].to_numpy(),
        }
    )


def _erasures(erased: pd.DataFrame, keys: Longs) -> Longs:
    at = np.full(len(keys), FAR, dtype=np.int64)
    np.minimum.at(at, np.searchsorted(keys, erased["identifier_key"].to_numpy()), microseconds(erased["erased_at"]))
    return at
