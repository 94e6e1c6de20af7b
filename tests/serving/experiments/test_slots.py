"""Layers: nobody is in two experiments of one, and what an experiment holds it keeps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.experiments.buckets import BUCKETS
from serving.experiments.checks import mistakes_between
from serving.experiments.slots import LayerFullError, allotted, position, wanted
from tests.serving.experiments.registry import experiment


@settings(max_examples=30)
@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=6), st.sets(st.integers(0, 5)))
def test_parts_never_overlap_and_stay_when_others_come_and_go(sizes: list[int], gone: set[int]) -> None:
    everyone = [experiment(name=f"e{n}", traffic=size / BUCKETS) for n, size in enumerate(sizes)]
    fitting = [one for n, one in enumerate(everyone) if sum(sizes[: n + 1]) <= BUCKETS]
    first = allotted(fitting, {})
    left = [one for n, one in enumerate(fitting) if n not in gone]
    newcomer = experiment(name="newcomer", traffic=max(1, BUCKETS - sum(map(wanted, left))) / BUCKETS)
    second = allotted([*left, newcomer], first) if sum(map(wanted, left)) < BUCKETS else allotted(left, first)
    assert all(second[one.key] == first[one.key] for one in left)
    held = [bucket for ranges in second.values() for start, end in ranges for bucket in range(start, end)]
    assert len(held) == len(set(held))
    assert all(0 <= bucket < BUCKETS for bucket in held)


@pytest.mark.parametrize(
    ("traffics", "over"),
    [
        ([0.1, 0.2, 0.7], []),
        ([0.7, 0.2, 0.1], []),
        ([1 / 3] * 3, []),
        ([0.5, 0.5, 0.00001], ["e2"]),
        ([1 / 6] * 6, ["e5"]),
    ],
)
def test_what_passes_the_check_of_a_layer_gets_its_buckets_and_nobody_two(
    traffics: list[float], over: list[str]
) -> None:
    everyone = [experiment(name=f"e{n}", traffic=traffic) for n, traffic in enumerate(traffics)]
    assert [(name, place) for name, place, _ in mistakes_between(everyone)] == [(name, ("traffic",)) for name in over]
    if over:
        with pytest.raises(LayerFullError, match=f"experiment {over[0]}/1"):
            allotted(everyone, {})
        return
    held = [b for ranges in allotted(everyone, {}).values() for start, end in ranges for b in range(start, end)]
    assert len(held) == len(set(held)) == sum(round(traffic * BUCKETS) for traffic in traffics)
    assert max(held) < BUCKETS


def test_a_layer_that_is_full_is_named() -> None:
    with pytest.raises(
        LayerFullError, match=r"b/1: traffic 0\.6 does not fit into layer 'default', of which 0\.5 is free"
    ):
        allotted([experiment(name="a", traffic=0.5), experiment(name="b", traffic=0.6)], {})


def test_places_count_through_all_parts() -> None:
    ranges = [(10, 12), (50, 53)]
    assert [position(ranges, bucket) for bucket in (9, 10, 11, 12, 50, 52, 53)] == [None, 0, 1, None, 2, 4, None]
