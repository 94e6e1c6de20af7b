"""Folding: any order of arrival and any split into sessions give what the whole gives; the score keeps its bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.session.fields import property_text, scaled, whole
from serving.session.reducer import ENDED, State, shipped_reducer

SECOND = 1_000_000
START = 1_500_000_000 * SECOND
REDUCER = shipped_reducer()
KINDS = ("page_viewed", "product_viewed", "searched", "cart_added", "cart_removed", "size_guide_opened", "custom")
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 4_000 * SECOND),
        st.fixed_dictionaries(
            {"event_type": st.sampled_from(KINDS)},
            optional={
                "product_id": st.sampled_from([f"p{n}" for n in range(80)]),
                "category": st.sampled_from(["a", "b"]),
                "unit_price": st.integers(0, 10**7).map(lambda n: n / 100),
                "dwell_ms": st.integers(0, 10_000),
                "scroll_depth": st.integers(0, 10_000).map(lambda n: n / 10_000),
                "page_type": st.sampled_from(["home", "sale"]),
                "properties": st.fixed_dictionaries({"hover_ms": st.integers(0, 6_000)}),
            },
        ),
    ),
    min_size=1,
    max_size=120,
)


def folded(events: list[tuple[int, dict[str, Any]]]) -> State:
    state = REDUCER.start(START + events[0][0])
    for at, event in events:
        REDUCER.fold(state, event, START + at)
    return state


def read(state: State) -> dict[str, Any]:
    return REDUCER.read(state, state[ENDED])


@given(EVENTS, st.randoms(use_true_random=False), st.integers(0, 120))
def test_order_and_sessions_do_not_matter(events: list[tuple[int, dict[str, Any]]], chance: Any, cut: int) -> None:
    whole_session = folded(events)
    shuffled = events.copy()
    chance.shuffle(shuffled)
    assert read(folded(shuffled)) == read(whole_session)
    parts = [folded(part) for part in (shuffled[:cut], shuffled[cut:]) if part]
    # As they come back from the store.
    kept = [msgspec.msgpack.decode(msgspec.msgpack.encode(part)) for part in parts]
    assert read(REDUCER.merge(kept)) == read(whole_session)


@given(EVENTS, st.integers(0, 4_000))
def test_the_score_lies_between_its_bounds_and_fades(events: list[tuple[int, dict[str, Any]]], later: int) -> None:
    state = folded(events)
    now, then = (REDUCER.read(state, state[ENDED] + seconds * SECOND) for seconds in (later, later + 1_800))
    assert 1_000 <= REDUCER.moment_score(now) <= 39_000
    assert REDUCER.moment_score(then) == 1_000


@given(EVENTS, st.sets(st.sampled_from(sorted(REDUCER.spec.by_name)), min_size=1))
def test_reading_some_features_reads_the_same(events: list[tuple[int, dict[str, Any]]], names: set[str]) -> None:
    state = folded(events)
    everything = REDUCER.read(state, state[ENDED])
    some = REDUCER.read(state, state[ENDED], frozenset(names))
    assert some == {name: everything[name] for name in some}
    assert names <= some.keys()


def test_a_visit_worked_out_by_hand() -> None:
    view = {"event_type": "product_viewed", "product_id": "p1", "category": "tea", "unit_price": 12.5}
    cart = {"event_type": "cart_added", "product_id": "p1"}
    hover = {"event_type": "size_guide_opened", "properties": {"hover_ms": 3_001}}
    at = {0: view, 10: {**view, "dwell_ms": 3_000, "scroll_depth": 0.5}, 20: hover, 50: cart}
    state = folded([(second * SECOND, event) for second, event in at.items()])
    found = REDUCER.read(state, START + 650 * SECOND)
    expected = {
        "seconds": 650, "idle_seconds": 600, "events": 4, "product_views": 2, "distinct_products": 1,
        "most_views_of_one_product": 2, "top_category": "tea", "scroll_velocity": 100_000, "size_guide_hovers": 1,
        "cart_items": 1, "has_open_cart": True, "seconds_since_cart_change": 600, "is_cart_abandoned": True,
        "product_page_seconds": 640, "mean_price_viewed": 125_000, "price_band": "from_5", "is_deal_seeking": False,
        "recent_intent": 5_000, "intent_signals": 2,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    # Pages 2, product 2, views 6, guide 6, hover 6, page 9, cart 10, intent 0.5 x 4: 43 points, two thirds left.
    assert REDUCER.moment_score(found) == 1_000 + 38_000 * 286 // 1_000


@pytest.mark.parametrize(
    ("value", "parts"),
    [(12.5, 125_000), (0.1 + 0.2, 3_000), (3, 30_000), (Decimal("0.3333"), 3_333), (None, None), (-1.25, -12_500)],
)
def test_money_is_kept_in_whole_parts(value: Any, parts: int | None) -> None:
    assert scaled(value) == parts


@pytest.mark.parametrize(
    ("value", "number"),
    [(3_000, 3_000), ("3000.9", 3_000), (1e22, None), (True, None), ("4e3", None), ("٣", None), ({"a": 1}, None)],
)
def test_a_property_is_a_number_only_when_it_is_written_like_one(value: Any, number: int | None) -> None:
    assert whole(property_text({"properties": {"x": value}}, "x")) == number
