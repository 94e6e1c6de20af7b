"""Small evidence frames for the identity tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from ml.identity import FOREVER, Evidence, Resolution, assignments_at, resolve

START = datetime(2017, 1, 1, tzinfo=UTC)
TYPES = ("login", "loyalty_id", "email", "phone", "crm_id", "pos_id", "device_id", "cookie", "click_id")
TIME = "datetime64[us, UTC]"
ARRIVAL = {
    "identifiers": "first_received_at",
    "pairs": "first_received_at",
    "claims": "first_received_at",
    "flags": "received_at",
    "vetoes": "received_at",
    "overrides": "created_at",
    "erased": "erased_at",
}


def at(hour: float) -> datetime:
    """Hour `hour` of the story."""
    return START + timedelta(hours=hour)


def times(hours: list[float]) -> pd.Series:
    return pd.Series([at(hour) for hour in hours], dtype=TIME)


def column(values: list[Any], dtype: str) -> pd.Series:
    return pd.Series(values, dtype=dtype)


def identifiers(*rows: tuple[int, str, float]) -> pd.DataFrame:
    """Rows of (key, type, hour first received)."""
    hours = times([hour for _, _, hour in rows])
    return pd.DataFrame(
        {
            "identifier_key": column([key for key, _, _ in rows], "int64"),
            "type": column([kind for _, kind, _ in rows], "str"),
            "value_hash": column([f"{key:032x}" for key, _, _ in rows], "str"),
            "first_seen_at": hours,
            "last_seen_at": hours,
            "first_received_at": hours,
        }
    )


def pairs(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Rows of (key, key, hour first received) and, for a probable pair, its weight."""
    hours = times([row[2] for row in rows])
    probable = [len(row) > 3 for row in rows]
    return pd.DataFrame(
        {
            "a_key": column([row[0] for row in rows], "int64"),
            "b_key": column([row[1] for row in rows], "int64"),
            "rule": column(["splink" if guess else "same_event" for guess in probable], "str"),
            "source": column(["web"] * len(rows), "str"),
            "kind": column(["probabilistic" if guess else "deterministic" for guess in probable], "str"),
            "weight": column([row[3] if guess else 1.0 for row, guess in zip(rows, probable, strict=True)], "float64"),
            "first_received_at": hours,
            "last_received_at": hours,
            "n_observed": column([1] * len(rows), "int64"),
        }
    )


def claims(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Rows of (identifier, owner, day of the story) and optionally observations and hour of arrival."""
    return pd.DataFrame(
        {
            "identifier_key": column([row[0] for row in rows], "int64"),
            "owner_key": column([row[1] for row in rows], "int64"),
            "claim_date": times([24 * row[2] for row in rows]),
            "first_received_at": times([row[4] if len(row) > 4 else 24 * row[2] + 12 for row in rows]),
            "n_observed": column([row[3] if len(row) > 3 else 1 for row in rows], "int64"),
        }
    )


def flags(*rows: tuple[int, str, float]) -> pd.DataFrame:
    """Rows of (key, status, hour)."""
    return pd.DataFrame(
        {
            "identifier_key": column([row[0] for row in rows], "int64"),
            "status": column([row[1] for row in rows], "str"),
            "reason": column(["flagged"] * len(rows), "str"),
            "received_at": times([row[2] for row in rows]),
        }
    )


def vetoes(*rows: tuple[int, int, float]) -> pd.DataFrame:
    """Rows of (key, key, hour)."""
    return pd.DataFrame(
        {
            "a_key": column([row[0] for row in rows], "int64"),
            "b_key": column([row[1] for row in rows], "int64"),
            "reason": column(["other birth date"] * len(rows), "str"),
            "received_at": times([row[2] for row in rows]),
        }
    )


def overrides(*rows: tuple[int, int, str, float]) -> pd.DataFrame:
    """Rows of (key, key, kind, hour)."""
    return pd.DataFrame(
        {
            "a_key": column([row[0] for row in rows], "int64"),
            "b_key": column([row[1] for row in rows], "int64"),
            "kind": column([row[2] for row in rows], "str"),
            "actor": column(["anna"] * len(rows), "str"),
            "reason": column(["asked by the customer"] * len(rows), "str"),
            "created_at": times([row[3] for row in rows]),
        }
    )


def erased(*rows: tuple[int, float]) -> pd.DataFrame:
    """Rows of (key, hour)."""
    return pd.DataFrame(
        {"identifier_key": column([row[0] for row in rows], "int64"), "erased_at": times([row[1] for row in rows])}
    )


def resolve_frames(nodes: pd.DataFrame, links: pd.DataFrame, **others: pd.DataFrame) -> Resolution:
    """The ledger of identifiers, pairs and whatever else is named."""
    return resolve(Evidence(nodes, links, **others))


def person(result: Resolution, key: int, hour: float | None = None) -> str | None:
    """Who the identifier was believed to be before `hour` (at the end), on the last day; None: nobody."""
    as_of = FOREVER if hour is None else pd.Timestamp(at(hour))
    known = assignments_at(result.assignment, as_of)
    mine = known.loc[(known["identifier_key"] == key) & (known["valid_to"] == FOREVER), "canonical_id"]
    return None if mine.empty else str(mine.iloc[0])


def statuses(result: Resolution) -> dict[int, str]:
    """Status of every identifier."""
    return dict(zip(result.identifier["identifier_key"], result.identifier["status"], strict=True))


@st.composite
def evidence(draw: st.DrawFn, manual: bool = True, erasing: bool = True) -> Evidence:
    """Up to 12 identifiers and 28 links, with claims, flags, vetoes, overrides and erasures, in 10 hours."""
    count = draw(st.integers(2, 12))
    hours, keys = st.integers(0, 9), st.integers(1, count)
    kinds = st.sampled_from(draw(st.sampled_from([TYPES, ("crm_id", "email", "login"), ("crm_id", "email", "cookie")])))
    nodes = [(key, draw(kinds), draw(hours)) for key in range(1, count + 1)]
    links = draw(st.lists(st.tuples(keys, keys, hours), max_size=20, unique_by=lambda link: frozenset(link[:2])))
    guesses = draw(
        st.lists(
            st.tuples(keys, keys, hours, st.sampled_from([0.6, 0.8, 0.9])),
            max_size=8,
            unique_by=lambda link: frozenset(link[:2]),
        )
    )
    two = st.tuples(keys, keys).filter(lambda pair: pair[0] != pair[1])
    claimed = st.tuples(keys, keys, st.integers(0, 3), st.integers(1, 3), hours)
    said = st.tuples(two, st.sampled_from(["must_link", "cannot_link"]), hours)
    return Evidence(
        identifiers(*nodes),
        pairs(*links, *guesses),
        claims=claims(*draw(st.lists(claimed, max_size=10))),
        flags=flags(*draw(st.lists(st.tuples(keys, st.sampled_from(["shared", "blocked"]), hours), max_size=2))),
        vetoes=vetoes(*[(*pair, hour) for pair, hour in draw(st.lists(st.tuples(two, hours), max_size=3))]),
        overrides=overrides(*[(*pair, kind, hour) for pair, kind, hour in draw(st.lists(said, max_size=4 * manual))]),
        erased=erased(*draw(st.lists(st.tuples(keys, hours), max_size=2 * erasing))),
    )


def known_before(evidence: Evidence, hour: float) -> Evidence:
    """The same evidence as a run at `hour` would have read it."""
    frames = {name: getattr(evidence, name) for name in ARRIVAL}
    early = {name: frame.loc[frame[ARRIVAL[name]] < at(hour)] for name, frame in frames.items()}
    mentioned = set(early["pairs"]["a_key"]) | set(early["pairs"]["b_key"])
    nodes = frames["identifiers"]
    early["identifiers"] = nodes.loc[(nodes["first_received_at"] < at(hour)) | nodes["identifier_key"].isin(mentioned)]
    return Evidence(**early)
