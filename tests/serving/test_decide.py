"""Decisions on the sample shop: each rung, each guardrail, and what must hold for every question."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decide import decide
from serving.live import LiveSnapshot
from serving.policy import Policy
from serving.question import Context, Decision, Question
from serving.rungs import DESCRIPTIONS, Rung
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import DecisionRow, IdentifierRow, ProfileRecord
from serving.snapshot.writer import write_snapshot
from tests.serving import sample

PEOPLE = ["ann", "bob", "cleo", "dan", "eve", "finn", "nobody"]
PLACEMENTS = ["home_hero", "weekly_email_offer", "product_recommendation", "checkout_incentive"]
FULL_CART = Context(product_ids=["p1", "p2", "p3"], cart_value=50.0)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSnapshot]:
    snapshot = LiveSnapshot(SnapshotReader(sample.write(tmp_path_factory.mktemp("snapshots"))))
    yield snapshot
    snapshot.close()


def ask(live: LiveSnapshot, who: str, placement: str, context: Context = FULL_CART, **more: Any) -> Decision:
    identifiers = (("loyalty_id", sample.value_hash("loyalty_id", who)),) if who else ()
    return decide(live, Question(placement, identifiers, **more), context, sample.NOW)


def opened(folder: Path, **changes: Any) -> LiveSnapshot:
    return LiveSnapshot(SnapshotReader(sample.write(folder, **changes)))


def greedy() -> list[Any]:
    """The shipped placements without exploration, so that the best action is certain."""
    return [p.model_copy(update={"explore_share": 0.0}) for p in sample.contents().placements]


@pytest.mark.parametrize(
    ("who", "placement", "action", "rung"),
    [
        ("ann", "home_hero", "produce", Rung.SEGMENT),
        ("bob", "home_hero", "meat", Rung.RULE),
        ("cleo", "home_hero", "welcome", Rung.NO_CONSENT),
        ("eve", "home_hero", "we_missed_you", Rung.RULE),
        ("finn", "home_hero", "grocery_staples", Rung.EVERYONE),
        ("nobody", "home_hero", "grocery_staples", Rung.POPULAR),
        ("ann", "weekly_email_offer", "recipe_fresh", Rung.SEGMENT),
        ("bob", "weekly_email_offer", "coupon_grocery", Rung.EVERYONE),
        ("cleo", "weekly_email_offer", "no_letter", Rung.NO_CONSENT),
        ("nobody", "weekly_email_offer", "no_letter", Rung.NO_CONSENT),
        ("ann", "checkout_incentive", "free_shipping", Rung.SEGMENT),
        ("bob", "checkout_incentive", "ten_percent_off", Rung.SEGMENT),
        ("dan", "checkout_incentive", "none", Rung.NO_CONSENT),
        ("nobody", "checkout_incentive", "none", Rung.POPULAR),
        ("ann", "product_recommendation", "buy_again", Rung.RECOMMENDATION),
        ("cleo", "product_recommendation", "shop_departments", Rung.NO_CONSENT),
        ("nobody", "product_recommendation", "popular", Rung.POPULAR),
    ],
)
def test_who_sees_what(tmp_path: Path, who: str, placement: str, action: str, rung: Rung) -> None:
    with_certainty = opened(tmp_path, placements=greedy())
    decision = ask(with_certainty, who, placement)
    assert (decision.action, decision.rung, decision.propensity) == (action, rung, 1.0)
    assert decision.reason.endswith(".")
    with_certainty.close()


def test_an_incentive_comes_before_a_price_cut(live: LiveSnapshot) -> None:
    blocked = {b.action: b for b in ask(live, "ann", "checkout_incentive").blocked}
    assert blocked["ten_percent_off"].rule == "incentives_before_price"
    assert "without lowering prices" in blocked["ten_percent_off"].why


@pytest.mark.parametrize(
    ("context", "rule"),
    [
        (Context(product_ids=["p1", "p6"], cart_value=50.0), "never_below_floor"),
        (Context(product_ids=["p1", "p7"], cart_value=50.0), "never_below_map"),
        (Context(product_ids=["p1", "p8"], cart_value=50.0), "price_cut_needs_known_prices"),
        (Context(product_ids=["p1", "unheard of"], cart_value=50.0), "price_cut_needs_known_prices"),
        (Context(cart_value=50.0), "price_cut_needs_known_prices"),
        (Context(product_ids=["p1"]), "price_cut_needs_known_prices"),
        (Context(product_ids=["p1", "p4"], cart_value=50.0), "no_incentive_on_missing_products"),
    ],
)
def test_a_price_cut_keeps_its_guardrails(live: LiveSnapshot, context: Context, rule: str) -> None:
    decision = ask(live, "bob", "checkout_incentive", context)
    assert {b.action: b.rule for b in decision.blocked}["ten_percent_off"] == rule
    assert decision.action != "ten_percent_off"
    assert "ten_percent_off" not in decision.eligible


def test_recommendations_leave_out_what_is_missing_owned_or_in_view(live: LiveSnapshot) -> None:
    decision = ask(live, "ann", "product_recommendation", Context(product_id="p1"))
    assert decision.action == "bought_together"
    assert [item["product_id"] for item in decision.content["items"]] == ["p2", "p5"]
    assert [(b.product_id, b.rule) for b in decision.blocked] == [("p4", "recommend_what_is_there")]
    stranger = ask(live, "nobody", "product_recommendation", Context(product_id="p1"))
    assert [item["product_id"] for item in stranger.content["items"]] == ["p2", "p3", "p5"]


def test_nothing_to_recommend_is_the_plain_action(tmp_path: Path) -> None:
    empty = opened(tmp_path, products=[])
    decision = ask(empty, "ann", "product_recommendation", Context(product_id="p1"))
    assert (decision.action, decision.rung) == ("shop_departments", Rung.PLAIN)
    empty.close()


def test_an_empty_table_falls_back(tmp_path: Path) -> None:
    empty = opened(tmp_path, decision_rows=[])
    assert ask(empty, "ann", "home_hero").action == "weekly_specials"
    assert ask(empty, "ann", "home_hero").rung is Rung.FALLBACK
    empty.close()


def test_rows_with_little_support_are_not_used(tmp_path: Path) -> None:
    placements = [p.model_copy(update={"minimum_support": 500}) for p in greedy()]
    thin = [DecisionRow("home_hero", 0, "any", "deli", 9.0, "thin", 499)]
    rows = [row for row in sample.decision_rows() if row.segment_id == -1]
    snapshot = opened(tmp_path, placements=placements, decision_rows=rows + thin)
    assert ask(snapshot, "ann", "home_hero").rung is Rung.EVERYONE
    snapshot.close()


def test_a_row_for_the_device_comes_before_any(tmp_path: Path) -> None:
    rows = [*sample.decision_rows(), DecisionRow("home_hero", 0, "mobile", "deli", 0.1, "test", 1000)]
    snapshot = opened(tmp_path, decision_rows=rows, placements=greedy())
    assert ask(snapshot, "ann", "home_hero", Context(device_type="mobile")).action == "deli"
    assert ask(snapshot, "ann", "home_hero", Context(device_type="desktop")).action == "produce"
    snapshot.close()


@pytest.mark.parametrize("scope", ["all", "home_hero"])
def test_the_kill_switch_gives_the_plain_action(live: LiveSnapshot, scope: str) -> None:
    decision = ask(live, "ann", "home_hero", paused=frozenset({scope}))
    assert (decision.action, decision.rung) == ("welcome", Rung.PAUSED)
    other = ask(live, "ann", "checkout_incentive", paused=frozenset({scope}))
    assert (other.rung is Rung.PAUSED) is (scope == "all")


def test_nobody_is_written_to_while_everything_is_paused(live: LiveSnapshot) -> None:
    assert ask(live, "cleo", "weekly_email_offer", paused=frozenset({"all"})).action == "no_letter"


def test_the_strongest_identifier_decides_and_the_strictest_consent_holds(live: LiveSnapshot) -> None:
    loyalty = ("loyalty_id", sample.value_hash("loyalty_id", "ann"))
    own, shared = (("cookie", sample.value_hash("cookie", name)) for name in ("k1", "shared"))
    ann = decide(live, Question("home_hero", (own, loyalty)), FULL_CART, sample.NOW)
    assert ann.segment_id == 0
    both = decide(live, Question("home_hero", (shared, loyalty)), FULL_CART, sample.NOW)
    assert both.rung is Rung.NO_CONSENT


def test_an_action_outside_its_dates_is_not_shown(tmp_path: Path) -> None:
    ended = sample.NOW - timedelta(seconds=1)
    placements = []
    for placement in greedy():
        actions = [a.model_copy(update={"ends_at": ended}) if a.name == "produce" else a for a in placement.actions]
        placements.append(placement.model_copy(update={"actions": actions}))
    snapshot = opened(tmp_path, placements=placements)
    assert ask(snapshot, "ann", "home_hero").action == "deli"
    snapshot.close()


def test_a_force_rule_that_errs_blocks_its_action(tmp_path: Path) -> None:
    rule = {"name": "r", "effect": "force", "when": "1 / (hour - hour) > 0", "reason": "R.", "actions": ["produce"]}
    policy = Policy.model_validate({"name": "p", "version": 1, "description": "d", "owner": "o", "rules": [rule]})
    snapshot = opened(tmp_path, policies=[policy], placements=greedy())
    decision = ask(snapshot, "ann", "home_hero")
    assert decision.action == "deli"
    assert [(b.action, b.rule) for b in decision.blocked] == [("produce", "r")]
    snapshot.close()


def test_exploration_has_the_shares_it_logs(tmp_path: Path) -> None:
    people = [
        ProfileRecord(f"c{n}", 0, "Fresh", features={"recency_days": 1}, **sample.CONSENTED) for n in range(3_000)
    ]
    keys = [IdentifierRow("loyalty_id", sample.value_hash("loyalty_id", p.customer_id), p.customer_id) for p in people]
    snapshot = opened(tmp_path, profiles=people, identifiers=keys)
    decisions = [ask(snapshot, p.customer_id, "home_hero") for p in people]
    for action, expected in {"produce": 0.9 + 0.1 / 3, "deli": 0.1 / 3, "meat": 0.1 / 3}.items():
        mine = [d for d in decisions if d.action == action]
        assert [d.propensity for d in mine] == pytest.approx([expected] * len(mine))
        assert {d.rung for d in mine} == {Rung.SEGMENT if action == "produce" else Rung.EXPLORED}
        spread = (expected * (1 - expected) / len(people)) ** 0.5
        assert abs(len(mine) / len(people) - expected) < 5 * spread
    snapshot.close()


def test_reason_rules_add_their_sentence(live: LiveSnapshot) -> None:
    small = ask(live, "ann", "checkout_incentive", Context(product_ids=["p1"], cart_value=20.0))
    large = ask(live, "ann", "checkout_incentive", Context(product_ids=["p1"], cart_value=80.0))
    assert large.reason == f"{small.reason} Large carts are heavy to carry."


contexts = st.builds(
    Context,
    device_type=st.sampled_from([None, "mobile", "desktop"]),
    hour=st.none() | st.integers(0, 23),
    product_id=st.none() | st.sampled_from(["p1", "p4", "p6", "nope"]),
    product_ids=st.lists(st.sampled_from([f"p{n}" for n in range(1, 10)]), max_size=4),
    cart_value=st.none() | st.floats(0, 500),
)
questions = st.builds(
    lambda who, placement, paused, request: (who, placement, frozenset(paused), request),
    st.sampled_from([*PEOPLE, ""]),
    st.sampled_from(PLACEMENTS),
    st.sets(st.sampled_from(["all", *PLACEMENTS]), max_size=1),
    st.sampled_from(["", "r1", "r2"]),
)


@settings(deadline=None, max_examples=300)
@given(question=questions, context=contexts)
def test_what_holds_for_every_answer(live: LiveSnapshot, question: Any, context: Context) -> None:
    who, placement, paused, request = question
    decision = ask(live, who, placement, context, paused=paused, request_id=request)
    again = ask(live, who, placement, context, paused=paused, request_id=request)
    assert msgspec.json.encode(decision) == msgspec.json.encode(again)
    assert decision.rung in DESCRIPTIONS
    assert 0 < decision.propensity <= 1
    assert decision.reason
    assert decision.action not in {b.action for b in decision.blocked if b.product_id is None}
    shown = {item["product_id"] for item in decision.content.get("items", [])}
    assert not shown & {b.product_id for b in decision.blocked}
    assert decision.action in decision.eligible
    for product_id in shown:
        product = live.reader.product(product_id)
        assert product is not None
        assert product.stock
    if decision.action == "ten_percent_off":
        for product in (live.reader.product(name) for name in context.products()):
            assert product is not None
            assert product.list_price is not None
            assert product.floor_price is not None
            assert round(product.list_price * 0.9, 4) >= max(product.floor_price, product.map_price or 0.0)


def test_personalization_ids_differ_between_requests_and_moments(live: LiveSnapshot) -> None:
    ids = {ask(live, who, placement, request_id=r).personalization_id
           for who in PEOPLE for placement in PLACEMENTS for r in ("r1", "r2")}  # fmt: skip
    assert len(ids) == len(PEOPLE) * len(PLACEMENTS) * 2
    question = Question("home_hero")
    moments = {decide(live, question, Context(), sample.NOW + timedelta(microseconds=n)).personalization_id
               for n in range(10)}  # fmt: skip
    assert len(moments) == 10


def test_a_rewritten_snapshot_gives_the_same_answers_but_for_its_version(live: LiveSnapshot, tmp_path: Path) -> None:
    other = write_snapshot(tmp_path, sample.contents(), version="v2", as_of=sample.NOW, created_at=sample.NOW)
    second = LiveSnapshot(SnapshotReader(other))
    for who in PEOPLE:
        for placement in PLACEMENTS:
            one, two = ask(live, who, placement), ask(second, who, placement)
            assert one.personalization_id != two.personalization_id
            same = msgspec.structs.replace(
                two, snapshot_version=one.snapshot_version, personalization_id=one.personalization_id
            )
            assert one == same
    second.close()


def test_an_unknown_placement_is_a_key_error(live: LiveSnapshot) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        ask(live, "ann", "nowhere")
