"""The ledger's frames about links: all of them, and those that are put aside."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.identity import machine
from ml.identity.beliefs import Beliefs
from ml.identity.ledger import STATUS_NAMES, final_status, named, times
from ml.identity.ordering import FAR, Ordered
from ml.identity.schema import IDENTIFIER_TYPES, typed_table

_STATES: Final = ("active", "quarantined", "rejected", "retracted")
_ACTIVE, _QUARANTINED, _REJECTED, _RETRACTED = range(4)
_PUT_ASIDE: Final = ("frozen", "exclusive_conflict", "too_many_values")
_REASONS: Final = (*machine.VERDICTS, *STATUS_NAMES[1:], "replaced")
_DETAILS: Final = {
    "shared": "seen with more than one person",
    "blocked": "belongs to nobody",
    "frozen": "the profile is quarantined",
    "exclusive_conflict": "the other side already has another login or loyalty id",
    "too_many_values": "the other side already has as many as one person may have",
}
Codes = npt.NDArray[np.int64]


def link_states(ordered: Ordered, beliefs: Beliefs) -> tuple[Codes, Codes]:
    """State of each link at the end, and its reason as a position in `_REASONS` (-1: none)."""
    a, b = (ordered.links[name].to_numpy() for name in ("a", "b"))
    status, _ = final_status(ordered, beliefs)
    worst = np.maximum(status[a], status[b])
    verdict, anchor = beliefs.outcome.verdict, beliefs.outcome.anchor
    together = (anchor[a] == anchor[b]) & (worst == machine.ACTIVE)
    weak_or_self = np.isin(verdict, [machine.VERDICTS.index(name) for name in ("self", "weak_pair")])
    replaced = ordered.links["until"].to_numpy() < FAR
    erased = np.maximum(status[a] == machine.ERASED, status[b] == machine.ERASED)
    put_aside = np.isin(verdict, [machine.VERDICTS.index(name) for name in _PUT_ASIDE])
    by_status = (worst == machine.SHARED) | (worst == machine.BLOCKED)
    conditions = [erased, a == b, worst == machine.HINT, replaced, by_status, weak_or_self, together, put_aside]
    state = np.select(
        conditions,
        [_RETRACTED, _REJECTED, _REJECTED, _RETRACTED, _QUARANTINED, _REJECTED, _ACTIVE, _QUARANTINED],
        default=_REJECTED,
    )
    first_status = len(machine.VERDICTS) - 1
    reason = np.select(
        conditions[:7],
        [
            first_status + machine.ERASED,
            _REASONS.index("self"),
            first_status + machine.HINT,
            _REASONS.index("replaced"),
            first_status + worst.astype(np.int64),
            verdict.astype(np.int64),
            -1,
        ],
        default=verdict.astype(np.int64),
    )
    return state, reason


def edge_table(ordered: Ordered, beliefs: Beliefs) -> pd.DataFrame:
    """Every link with its evidence and what became of it."""
    links = ordered.links
    state, reason = link_states(ordered, beliefs)
    probable = (links["tier"] == machine.PROBABLE).to_numpy()
    columns = ("edge_key", "a_key", "b_key", "kind", "source", "first_seen_at", "last_seen_at", "n_observed")
    return typed_table(
        "identity_edge",
        {
            **{name: links[name] for name in columns},
            "rule_id": links["rule"],
            "evidence": _evidence(links, probable),
            "weight": links["weight"],
            "confidence": np.where(probable, links["weight"].to_numpy(), 1.0),
            "state": named(state, _STATES),
            "reason": named(reason, _REASONS),
        },
    )


def _evidence(links: pd.DataFrame, probable: npt.NDArray[np.bool_]) -> pd.Series:
    seen = links["rule"] + ": seen together " + links["n_observed"].astype("str") + " x in " + links["source"]
    alike = links["rule"] + ": alike with weight " + links["weight"].round(3).astype("str")
    said = links["source"] + ": " + links["note"].astype("str") if "note" in links.columns else seen
    return seen.where(~probable, alike).where((links["tier"] != machine.MANUAL).to_numpy(), said)


def quarantine_table(ordered: Ordered, beliefs: Beliefs) -> pd.DataFrame:
    """Links that contradict what is known, on the identifier in dispute; resolved once both ends are one person."""
    state, reason = link_states(ordered, beliefs)
    refused = np.isin(beliefs.outcome.verdict, [machine.VERDICTS.index(name) for name in _PUT_ASIDE])
    rows = np.flatnonzero((state == _QUARANTINED) | (refused & (state == _ACTIVE)))
    links = ordered.links.iloc[rows]
    disputed = _disputed(ordered, beliefs, rows)
    why = np.where(state[rows] == _ACTIVE, beliefs.outcome.verdict[rows], reason[rows])
    reasons = named(why, _REASONS)
    return typed_table(
        "identity_quarantine",
        {
            "identifier_key": ordered.keys[disputed],
            "edge_key": links["edge_key"].reset_index(drop=True),
            "reason": reasons,
            "detail": reasons.map(_DETAILS).astype("str"),
            "at": times(links["at"].to_numpy()),
            "state": named(np.where(state[rows] == _ACTIVE, 1, 0), ("open", "resolved")),
        },
    )


def _disputed(ordered: Ordered, beliefs: Beliefs, rows: Codes) -> Codes:
    """The end of worse status, or the weaker one: it is the one claimed twice."""
    status, _ = final_status(ordered, beliefs)
    a, b = (ordered.links[name].to_numpy()[rows] for name in ("a", "b"))
    codes = ordered.nodes["code"].to_numpy().astype(np.int64)
    burden = status.astype(np.int64) * len(IDENTIFIER_TYPES) + codes
    return np.where(burden[a] > burden[b], a, b).astype(np.int64)
