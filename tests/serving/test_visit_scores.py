"""Chances of a visit: asked only for what was taught, checked before anybody is scored, unknown without a model."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from ml.online import VisitScore
from serving.content import load_content
from serving.live import LiveSnapshot
from serving.policy import Policy, Rule
from serving.session.reducer import shipped_reducer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import SnapshotError
from serving.snapshot.reworded import write_reworded
from serving.visit import visit_of
from serving.visit_scores import BOUNCE, INTENT, LiveScores, VisitModel, VisitModelError
from tests.serving import sample

CARTS = VisitScore(-1.0, (("cart_adds", (1, 3), (0.0, 1.0, 2.0), -5.0),), (("device_type", {"mobile": 1.0}, 0.0, 0.0),))
FIRST = VisitScore(0.0, (), (("device_type", {"mobile": 1.0}, 0.0, -1.0),))
MODEL = VisitModel("v7", "checkout_started", {INTENT: CARTS, BOUNCE: FIRST})
RULE = Rule(
    name="keen", effect="force", when="known_purchase_intent && purchase_intent > 0.7", reason="You are nearly there.",
    placements=["home_hero"], actions=["deli"],
)  # fmt: skip
SECOND = 1_000_000


def after(*kinds: str, scores: LiveScores | None = None) -> dict[str, object]:
    """The chances after events of a mobile visit, a second apart."""
    reducer = shipped_reducer()
    state = reducer.start(0)
    for place, kind in enumerate(kinds):
        reducer.fold(state, {"event_type": kind, "device_type": "mobile", "product_id": "p1"}, place * SECOND)
    told = visit_of(reducer, state, len(kinds) * SECOND, frozenset(), scores or LiveScores(MODEL, (INTENT, BOUNCE)))
    return {name: value for name, value in told.items() if name in (INTENT, BOUNCE)}


def test_points_add_up_as_by_hand() -> None:
    # 1 / (1 + e^-(-1 + 0 + 1)), then with an addition to the cart 1 / (1 + e^-(-1 + 1 + 1)).
    assert after("page_viewed") == {INTENT: 0.5, BOUNCE: pytest.approx(0.7310585786)}
    assert after("page_viewed", "cart_added") == {INTENT: pytest.approx(0.7310585786)}


def test_nothing_is_said_once_the_goal_is_reached() -> None:
    assert after("page_viewed", "checkout_started") == {}
    assert after("page_viewed", "order_completed") == {}
    ordering = LiveScores(replace(MODEL, goal="order_completed"), (INTENT,))
    assert after("page_viewed", "checkout_started", scores=ordering) == {INTENT: 0.5}


def test_what_no_rule_names_is_not_scored() -> None:
    assert after("page_viewed", scores=LiveScores(MODEL, (BOUNCE,))).keys() == {BOUNCE}
    assert after("page_viewed", scores=LiveScores(None, (INTENT, BOUNCE))) == {}
    assert LiveScores(MODEL, ()).features == frozenset()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"goal": "applause"}, "goal is 'applause'; allowed: order_completed, checkout_started"),
        ({"scores": {"mood": CARTS}}, "'mood' is no score; allowed: purchase_intent, bounce_probability"),
        ({"scores": {INTENT: replace(CARTS, bands=(("gone", (1,), (0.0, 1.0), 0.0),))}}, "'gone' is no number"),
        ({"scores": {INTENT: replace(CARTS, bands=(("events", (1, 1), (0.0, 1.0, 2.0), 0.0),))}}, "3 points for 2"),
        ({"scores": {INTENT: replace(CARTS, bands=(("events", (1,), (0.0,), 0.0),))}}, "1 points for 1 bounds"),
        ({"scores": {INTENT: replace(CARTS, words=(("events", {}, 0.0, 0.0),))}}, "'events' is no text"),
        ({"scores": {INTENT: replace(CARTS, constant=float("nan"))}}, "cannot be read"),
    ],
)
def test_a_model_that_cannot_be_scored_is_refused_before_it_is_live(
    tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    wrong = replace(MODEL, **changes)  # type: ignore[arg-type]
    with pytest.raises(SnapshotError, match="v1: model of visits"):
        sample.write(tmp_path, visit_model=wrong)
    assert not (tmp_path / "v1").exists()
    with pytest.raises(VisitModelError, match=told):
        VisitModel.decoded(wrong.encoded())


def test_the_snapshot_carries_it_and_edits_keep_it(tmp_path: Path) -> None:
    folder = sample.write(tmp_path, visit_model=MODEL)
    write_reworded(tmp_path, "v1", load_content(sample.CONFIG), version="v2", created_at=sample.NOW)
    for one in (folder, tmp_path / "v2"):
        with SnapshotReader(one) as reader:
            assert reader.visit_model == MODEL
    assert len(MODEL.encoded()) < 400


def test_without_a_model_a_rule_knows_nothing_of_it(tmp_path: Path) -> None:
    policy = Policy(name="live", version=1, description="d", owner="o", rules=[RULE])
    with closing(LiveSnapshot(SnapshotReader(sample.write(tmp_path, policies=[policy])))) as live:
        assert live.visit_scores.of({}) == {}
    with closing(
        LiveSnapshot(SnapshotReader(sample.write(tmp_path, "v2", policies=[policy], visit_model=MODEL)))
    ) as live:
        assert live.visit_scores.features == {"cart_adds", "device_type", "checkouts", "orders"}


def test_what_is_no_document_is_told() -> None:
    for wrong in (b"[]", b"{", msgspec.json.encode({"version": "v", "goal": "g", "scores": {INTENT: 3}})):
        with pytest.raises(VisitModelError, match="cannot be read"):
            VisitModel.decoded(wrong)
