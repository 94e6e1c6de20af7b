"""The size ladder: a segment too small to act on falls back to everyone, and says so."""

from __future__ import annotations

import numpy as np
import pandas as pd

# Segment id of "everyone" in decision tables.
EVERYONE_ID = -1


def apply_ladder(assignment: pd.DataFrame, floor: int) -> pd.DataFrame:
    """Give every customer the finest group with at least `floor` customers.

    Args:
        assignment: customer_id, segment_id.
        floor: smallest number of customers that a group may be treated as a group for.

    Returns:
        customer_id, persona_id (as assigned), segment_id (the persona, or -1 for everyone), rung (`persona` or
        `everyone`).

    Raises:
        ValueError: `floor` is below 1.
    """
    if floor < 1:
        raise ValueError(f"floor: {floor}; it must be at least 1")
    persona = assignment["segment_id"]
    sizes = persona.map(persona.value_counts()).to_numpy(dtype=np.int64)
    large = sizes >= floor
    return pd.DataFrame(
        {
            "customer_id": assignment["customer_id"].to_numpy(),
            "persona_id": persona.to_numpy(dtype=np.int64),
            "segment_id": np.where(large, persona.to_numpy(dtype=np.int64), EVERYONE_ID),
            "rung": np.where(large, "persona", "everyone"),
        }
    )
