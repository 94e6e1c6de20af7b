"""Every rung of the ladder, by counting."""

from __future__ import annotations

from collections import Counter

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.segments.ladder import EVERYONE_ID, LIFECYCLE_IDS, LIFECYCLE_NAMES, apply_ladder, ladder_among

PEOPLE = st.lists(
    st.tuples(st.integers(-1, 3), st.sampled_from([*LIFECYCLE_IDS, None, "unheard of"])), min_size=1, max_size=60
)


def frame(people: list[tuple[int, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(len(people))],
            "segment_id": [persona for persona, _ in people],
            "lifecycle": [stage for _, stage in people],
        }
    )


@settings(deadline=None, max_examples=25)
@given(PEOPLE, st.integers(1, 20))
def test_everybody_stands_on_the_finest_group_that_is_large_enough(
    people: list[tuple[int, str | None]], floor: int
) -> None:
    found = apply_ladder(frame(people), floor)
    personas = Counter(persona for persona, _ in people)
    fallen = Counter(stage for persona, stage in people if persona == EVERYONE_ID or personas[persona] < floor)
    for (persona, stage), row in zip(people, found.to_dict("records"), strict=True):
        if persona != EVERYONE_ID and personas[persona] >= floor:
            assert (row["segment_id"], row["rung"]) == (persona, "persona")
        elif stage in LIFECYCLE_IDS and fallen[stage] >= floor:
            assert (row["segment_id"], row["rung"]) == (LIFECYCLE_IDS[stage], "lifecycle")
        else:
            assert (row["segment_id"], row["rung"]) == (EVERYONE_ID, "everyone")
    large = frozenset(found.loc[found["rung"] != "everyone", "segment_id"].tolist())
    pd.testing.assert_frame_equal(ladder_among(frame(people), large), found, check_dtype=False)


def test_every_stage_of_life_has_an_id_of_its_own_and_a_name() -> None:
    assert len(set(LIFECYCLE_IDS.values())) == len(LIFECYCLE_IDS) == len(LIFECYCLE_NAMES)
    assert max(LIFECYCLE_IDS.values()) < EVERYONE_ID
    assert set(LIFECYCLE_IDS.values()) == set(LIFECYCLE_NAMES)
