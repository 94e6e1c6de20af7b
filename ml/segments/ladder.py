"""The size ladder: a segment too small to act on falls to the stage of life, then to everyone, and says so."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

# Segment id of "everyone" in decision tables.
EVERYONE_ID = -1
# Stages of life as `marts.dim_customer.lifecycle` has them; ids of personas start at 0 and never meet these.
LIFECYCLE_IDS: Final[Mapping[str, int]] = MappingProxyType(
    {"prospect": -2, "new": -3, "active": -4, "lapsing": -5, "lapsed": -6}
)
LIFECYCLE_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {-2: "Prospects", -3: "New customers", -4: "Active customers", -5: "Lapsing customers", -6: "Lapsed customers"}
)
PERSONA, LIFECYCLE, EVERYONE = "persona", "lifecycle", "everyone"


def apply_ladder(assignment: pd.DataFrame, floor: int) -> pd.DataFrame:
    """Give every customer the finest group with at least `floor` customers.

    Args:
        assignment: customer_id, segment_id (the persona; -1 for who has none), lifecycle (may be left out or unknown:
            that rung is then left out).
        floor: smallest number of customers that a group may be treated as a group for. A stage of life counts those
            who fell to it, since they alone are treated by it.

    Returns:
        customer_id, persona_id (as assigned), segment_id (the persona, a stage of life, or -1 for everyone), rung
        (`persona`, `lifecycle` or `everyone`).

    Raises:
        ValueError: `floor` is below 1.
    """
    if floor < 1:
        raise ValueError(f"floor: {floor}; it must be at least 1")
    persona = assignment["segment_id"].to_numpy(dtype=np.int64)
    on_persona = (persona != EVERYONE_ID) & _is_large(persona, floor)
    stage = np.where(on_persona, EVERYONE_ID, lifecycle_ids(assignment))
    on_stage = (stage != EVERYONE_ID) & _is_large(stage, floor)
    return pd.DataFrame(
        {
            "customer_id": assignment["customer_id"].to_numpy(),
            "persona_id": persona,
            "segment_id": np.where(on_persona, persona, np.where(on_stage, stage, EVERYONE_ID)),
            "rung": np.where(on_persona, PERSONA, np.where(on_stage, LIFECYCLE, EVERYONE)),
        }
    )


def ladder_among(assignment: pd.DataFrame, usable: frozenset[int]) -> pd.DataFrame:
    """As `apply_ladder` for some customers, among groups that are known to be large enough (`usable`: their ids)."""
    persona = assignment["segment_id"].to_numpy(dtype=np.int64)
    stage = lifecycle_ids(assignment)
    on_persona = np.isin(persona, [key for key in usable if key >= 0])
    on_stage = ~on_persona & np.isin(stage, [key for key in usable if key < EVERYONE_ID])
    return pd.DataFrame(
        {
            "customer_id": assignment["customer_id"].to_numpy(),
            "persona_id": persona,
            "segment_id": np.where(on_persona, persona, np.where(on_stage, stage, EVERYONE_ID)),
            "rung": np.where(on_persona, PERSONA, np.where(on_stage, LIFECYCLE, EVERYONE)),
        }
    )


def lifecycle_ids(assignment: pd.DataFrame) -> np.ndarray:
    """Segment id of each row's stage of life; -1 where it has none."""
    if "lifecycle" not in assignment.columns:
        return np.full(len(assignment), EVERYONE_ID, dtype=np.int64)
    known = assignment["lifecycle"].map(dict(LIFECYCLE_IDS))
    return known.fillna(EVERYONE_ID).to_numpy(dtype=np.int64)


def _is_large(groups: np.ndarray, floor: int) -> np.ndarray:
    values, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    del values
    return np.asarray(counts[places] >= floor)
