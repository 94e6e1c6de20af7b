"""Visits at moments of their course: rows know the events so far and nothing later."""

from __future__ import annotations

import numpy as np

from ml.online import VisitScore
from ml.visits import BOUNCE, INTENT
from orchestration.visits.models import scores_from, train_visits
from orchestration.visits.moments import visit_rows
from serving.session.reducer import shipped_reducer

SECOND = 1_000_000
Visit = list[tuple[int, dict[str, object]]]


def visit(*steps: tuple[int, str], device: str = "mobile") -> Visit:
    return [
        (second * SECOND, {"event_type": kind, "device_type": device, "product_id": f"p{second}"})
        for second, kind in steps
    ]


def many(count: int = 400, seed: int = 4) -> list[Visit]:
    """Half the visits add to the cart, and those reach the checkout more often."""
    random, found = np.random.default_rng(seed), []
    for _ in range(count):
        steps, second = [(0, "page_viewed")], 0
        adds = random.random() < 0.5
        for kind in ["product_viewed", "cart_added" if adds else "product_viewed", "product_viewed"]:
            second += int(random.integers(5, 60))
            steps.append((second, kind))
        if random.random() < (0.6 if adds else 0.2):
            steps.append((second + 20, "checkout_started"))
        found.append(visit(*(steps[:1] if random.random() < 0.25 else steps)))
    return found


def test_a_row_knows_the_events_so_far_and_the_label_what_follows() -> None:
    steps = ((0, "page_viewed"), (30, "product_viewed"), (50, "cart_added"), (90, "checkout_started"), (99, "searched"))
    found, goal = visit_rows([visit(*steps), visit((0, "page_viewed"), (9, "searched"))], shipped_reducer())
    assert goal == "checkout_started"
    intent = found[INTENT]
    assert intent["events"].tolist() == [1, 2, 3, 1, 2]
    assert intent["cart_adds"].tolist() == [0, 0, 1, 0, 0]
    assert intent["label"].tolist() == [True, True, True, False, False]
    assert found[BOUNCE]["label"].tolist() == [False, True]
    assert found[BOUNCE]["session"].tolist() == [0, 1]


def test_what_comes_later_changes_no_feature() -> None:
    visits = many(40)
    whole, _ = visit_rows(visits, shipped_reducer())
    cut, _ = visit_rows([one[:3] for one in visits], shipped_reducer())
    features = [name for name in whole[INTENT].columns if name != "label"]
    early = whole[INTENT][whole[INTENT]["events"] <= 3].reset_index(drop=True)
    assert early[features].equals(cut[INTENT][features])


def test_orders_are_the_goal_where_visits_have_them() -> None:
    ordered = [visit((0, "page_viewed"), (20, "order_completed")) for _ in range(200)]
    assert visit_rows(ordered, shipped_reducer())[1] == "order_completed"


def test_a_live_visit_scores_as_its_row_in_the_batch() -> None:
    found, goal = visit_rows(many(900), shipped_reducer())
    trained = train_visits(found, goal)
    assert "bounce_probability: model" in trained.metrics
    scores = scores_from(trained.files())
    reducer, one = shipped_reducer(), max(many(), key=len)
    state = reducer.start(one[0][0])
    for at_us, event in one[:3]:
        reducer.fold(state, event, at_us)
    live = scores[INTENT].probability(reducer.read(state, one[2][0], frozenset(scores[INTENT].features)))
    in_batch, _ = visit_rows([one], reducer)
    row = in_batch[INTENT].iloc[2].to_dict()
    assert isinstance(scores[INTENT], VisitScore)
    assert live == scores[INTENT].probability(row) == trained.models[INTENT].score.probability(row)
