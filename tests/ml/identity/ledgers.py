"""Small evidence frames for the identity tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import strategies as st

from ml.identity import Evidence, Resolution, resolve

START = datetime(2017, 1, 1, tzinfo=UTC)
TYPES = ("login", "loyalty_id", "email", "phone", "crm_id", "device_id", "cookie", "click_id")


def at(hour: int) -> datetime:
    """Hour `hour` of the story."""
    return START + timedelta(hours=hour)


def identifiers(*rows: tuple[int, str, int]) -> pd.DataFrame:
    """Rows of (key, type, hour first received)."""
    return pd.DataFrame(
        {
            "identifier_key": pd.Series([key for key, _, _ in rows], dtype="int64"),
            "type": pd.Series([kind for _, kind, _ in rows], dtype="str"),
            "value_hash": pd.Series([f"{key:032x}" for key, _, _ in rows], dtype="str"),
            "first_seen_at": pd.Series([at(hour) for _, _, hour in rows], dtype="datetime64[us, UTC]"),
            "last_seen_at": pd.Series([at(hour) for _, _, hour in rows], dtype="datetime64[us, UTC]"),
        }
    )


def pairs(*rows: tuple[int, int, int]) -> pd.DataFrame:
    """Rows of (key, key, hour first received)."""
    return pd.DataFrame(
        {
            "a_key": pd.Series([a for a, _, _ in rows], dtype="int64"),
            "b_key": pd.Series([b for _, b, _ in rows], dtype="int64"),
            "rule": pd.Series(["same_event"] * len(rows), dtype="str"),
            "source": pd.Series(["web"] * len(rows), dtype="str"),
            "first_received_at": pd.Series([at(hour) for _, _, hour in rows], dtype="datetime64[us, UTC]"),
            "last_received_at": pd.Series([at(hour) for _, _, hour in rows], dtype="datetime64[us, UTC]"),
            "n_observed": pd.Series([1] * len(rows), dtype="int64"),
        }
    )


@st.composite
def evidence(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Up to 12 identifiers of any type and up to 25 links between them, over 10 hours."""
    count = draw(st.integers(1, 12))
    hours = st.integers(0, 9)
    nodes = [(key, draw(st.sampled_from(TYPES)), draw(hours)) for key in range(1, count + 1)]
    keys = st.integers(1, count)
    links = draw(st.lists(st.tuples(keys, keys, hours), max_size=25, unique_by=lambda link: frozenset(link[:2])))
    return identifiers(*nodes), pairs(*links)


def known_before(frames: tuple[pd.DataFrame, pd.DataFrame], hour: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same evidence as a run at `hour` would have read it."""
    nodes, links = frames
    early = links.loc[links["first_received_at"] < at(hour)]
    mentioned = set(early["a_key"]) | set(early["b_key"])
    seen = (nodes["first_seen_at"] < at(hour)) | nodes["identifier_key"].isin(mentioned)
    return nodes.loc[seen], early


def resolve_frames(nodes: pd.DataFrame, links: pd.DataFrame) -> Resolution:
    """The ledger of identifiers and pairs alone."""
    return resolve(Evidence(nodes, links))
