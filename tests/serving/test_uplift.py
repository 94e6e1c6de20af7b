"""An incentive where it is expected to earn its cost, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from intake.settings_pausing import PausingSettings
from serving.content import Content, load_content
from serving.decide import decide_for
from serving.edited import edited
from serving.explanation import record_of
from serving.lines import decision_line
from serving.live import LiveSnapshot
from serving.person import find_person
from serving.placement import Placement
from serving.policy import Policy
from serving.question import Context, Decision, Question
from serving.replay.again import replay
from serving.replay.inputs import inputs_of
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.uplift import advised_actions, feature_names
from tests.serving import sample
from tests.serving.service_client import config, running

SLOT = "incentive_that_pays"
CART = Context(page_type="cart", product_ids=["p1"], cart_value=40.0)
# Margin each incentive is expected to add, and its lower bound: by hand, by customer.
TOLD: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "ann": ("ten_percent_off", {"none": (0, 0), "free_shipping": (0.1, -0.4), "ten_percent_off": (1.5, 0.2)}),
    "bob": ("none", {"none": (0, 0), "free_shipping": (0.1, -0.4), "ten_percent_off": (-2.25, -3.0)}),
    "dan": ("ten_percent_off", {"none": (0, 0), "ten_percent_off": (9.0, 8.0)}),
    "eve": ("gift", {"none": (0, 0), "gift": (3.0, 1.0)}),
}


def carried(customer: str) -> dict[str, Any]:
    """Advice as a profile carries it."""
    if customer not in TOLD:
        return {}
    best, gains = TOLD[customer]
    found: dict[str, Any] = {"incentive_best/checkout_incentive": best}
    for arm, (gain, low) in gains.items():
        found[f"incentive_gain/checkout_incentive/{arm}"] = float(gain)
        found[f"incentive_gain_low/checkout_incentive/{arm}"] = float(low)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    profiles = [
        msgspec.structs.replace(one, features=one.features | carried(one.customer_id)) for one in sample.profiles()
    ]
    return sample.write(tmp_path_factory.mktemp("snapshots"), profiles=profiles)


@pytest.fixture(scope="module")
def live(folder: Path) -> Iterator[LiveSnapshot]:
    with closing(LiveSnapshot(SnapshotReader(folder))) as found:
        yield found


def asked(live: LiveSnapshot, who: str, context: Context = CART, slot: str = SLOT) -> Decision:
    person = find_person(live.reader, [("loyalty_id", sample.value_hash("loyalty_id", who))])
    return decide_for(live, person, Question(slot), context, sample.NOW)


def test_who_is_expected_to_earn_it_gets_it_and_nobody_else(live: LiveSnapshot) -> None:
    ann, bob = asked(live, "ann"), asked(live, "bob")
    assert (ann.action, ann.rung, ann.propensity, ann.expected_gain) == ("ten_percent_off", "advised", 1.0, 1.5)
    assert (bob.action, bob.rung, bob.expected_gain) == ("none", "advised", 0.0)
    assert [(one.action, one.why, one.rule) for one in bob.blocked] == [
        ("ten_percent_off", "It is expected to earn -2.25 after its cost.", "expected_margin")
    ]


def test_without_advice_or_consent_nothing_is_given(live: LiveSnapshot) -> None:
    # finn is known and nothing was learned of him; dan refused price profiling whatever his profile still carries.
    assert [asked(live, who).rung for who in ("finn", "dan", "nobody")] == ["fallback", "no_consent", "fallback"]
    assert {asked(live, who).action for who in ("finn", "dan", "nobody", "eve")} == {"none"}
    assert {one.why for one in asked(live, "eve").blocked} == {"Nothing is known of what it would earn here."}


def test_a_guardrail_outranks_the_advice(live: LiveSnapshot) -> None:
    # p6 would fall below its floor: the plain action, not the next best incentive.
    below = asked(live, "ann", Context(page_type="cart", product_ids=["p6"], cart_value=40.0))
    assert (below.action, below.expected_gain) == ("none", 0.0)
    assert [one.rule for one in below.blocked] == ["never_below_floor"]


def test_rules_may_ask_for_what_an_action_is_expected_to_earn(folder: Path) -> None:
    content = load_content(sample.CONFIG)
    rules = [
        {"name": "sure_ones", "effect": "allow", "placements": ["checkout_incentive"], "actions": ["ten_percent_off"],
         "when": "known_incentive_gain_low && incentive_gain_low > 0.0", "reason": "Too unsure."},
        {"name": "told", "effect": "reason", "placements": ["checkout_incentive"],
         "when": 'incentive_best == action_name && incentive_best != "none"', "reason": "It fits."},
    ]  # fmt: skip
    policy = Policy.model_validate({"name": "p", "version": 1, "description": "d", "owner": "o", "rules": rules})
    with closing(edited(folder, replace(content, policies=[*content.policies, policy]))) as live:
        found = {who: asked(live, who, slot="checkout_incentive") for who in ("ann", "bob", "finn")}
    blocked = {who: [one.rule for one in answer.blocked if one.rule == "sure_ones"] for who, answer in found.items()}
    assert blocked == {"ann": [], "bob": ["sure_ones"], "finn": ["sure_ones"]}
    assert found["ann"].reason.endswith("It fits.") == (found["ann"].action == "ten_percent_off")
    assert "It fits." not in found["bob"].reason


def test_exploring_draws_among_what_is_expected_to_pay(folder: Path) -> None:
    content = load_content(sample.CONFIG)
    trying = [p.model_copy(update={"explore_share": 0.3}) if p.name == SLOT else p for p in content.placements]
    with closing(edited(folder, replace(content, placements=trying))) as live:
        ann, bob = asked(live, "ann"), asked(live, "bob")
    assert ann.eligible == ["ten_percent_off", "free_shipping", "none"]
    assert bob.eligible == ["none", "free_shipping"]
    # p = ε/K + (1 - ε)·1[best]
    told = {"ann": 0.1 + (0.7 if ann.action == "ten_percent_off" else 0.0), "bob": 0.15 + 0.7 * (bob.action == "none")}
    assert [ann.propensity, bob.propensity] == pytest.approx([told["ann"], told["bob"]])


def test_the_log_says_why_and_is_made_again_to_the_byte(live: LiveSnapshot) -> None:
    pairs = (("loyalty_id", sample.value_hash("loyalty_id", "ann")),)
    person, question = find_person(live.reader, pairs), Question(SLOT, pairs)
    decision = decide_for(live, person, question, CART, sample.NOW)
    line = decision_line(decision, pairs, CART, sample.NOW, None, inputs_of(decision, question, person, person))
    assert replay(live, line).identical
    told = record_of(msgspec.json.decode(line[8:]), []).explanation
    assert "expected to earn 1.50 more than without, after its cost" in told


def test_a_snapshot_needs_only_what_some_placement_asks_for() -> None:
    content: Content = load_content(sample.CONFIG)
    asking = advised_actions(content.placements, content.policies)
    assert asking == {"checkout_incentive": frozenset({"none", "free_shipping", "ten_percent_off"})}
    assert len(feature_names(asking)) == 7
    assert advised_actions([p for p in content.placements if p.name != SLOT], content.policies) == {}


def test_choosing_what_people_pay_needs_their_consent() -> None:
    shipped = next(p for p in load_content(sample.CONFIG).placements if p.name == SLOT)
    with pytest.raises(ValidationError, match="add profiling_price"):
        Placement.model_validate(shipped.model_dump() | {"consent": []})


def test_strangers_without_advice_are_no_reason_to_pause(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / folder.name).symlink_to(folder)
    pointer.switch(tmp_path / "snapshots", folder.name)
    settings = PausingSettings(
        least_decisions=20, fallback_above=0.5, snapshot_hours=None, decision_p99_ms=None, tick_seconds=0.1
    )

    async def scenario() -> set[str]:
        async with running(config(tmp_path, pausing=settings)) as client:
            for one in range(40):
                body = {"placements": [SLOT], "identifiers": [{"type": "cookie", "value": f"stranger {one}"}]}
                answer = (await client.post("/v1/decide", json=body)).json()["decisions"][0]
            await asyncio.sleep(0.5)
            last = (await client.post("/v1/decide", json=body)).json()["decisions"][0]
        return {answer["rung"], last["rung"]}

    assert asyncio.run(scenario()) == {"fallback"}
