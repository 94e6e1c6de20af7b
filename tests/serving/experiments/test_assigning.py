"""Who draws which arm, with what probability, and who is outside."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from scipy import stats

from serving.decide import situation
from serving.experiments.assigning import from_trials
from serving.experiments.learned import learned_of
from serving.live import LiveSnapshot
from serving.person import find_person
from serving.policy import Policy
from serving.question import Context
from serving.snapshot.records import ProfileRecord
from serving.strategy import Hybrid
from tests.serving import sample
from tests.serving.experiments.registry import ARMS, ask, experiment, learned, live, part, rows, stranger

MANY = 2_000


def counted(snapshot: LiveSnapshot, n: int = MANY) -> Counter[str]:
    """Arms (or traffic without one, or nothing) of strangers."""
    found: Counter[str] = Counter()
    for number in range(n):
        enrolment = part(ask(snapshot, stranger(number)))
        found["outside" if enrolment is None else enrolment.arm or enrolment.traffic] += 1
    return found


def fits(found: Counter[str], expected: dict[str, float]) -> bool:
    total = sum(found.values())
    assert set(found) <= set(expected)
    seen = [found[name] for name in expected]
    return bool(stats.chisquare(seen, [p * total for p in expected.values()]).pvalue > 0.001)


def test_arms_get_their_shares_and_the_holdout_sees_the_plain_one(tmp_path: Path) -> None:
    arms = {**ARMS, "specials": {"action": "weekly_specials", "share": 2}}
    with live(tmp_path, learned(experiment(arms=arms, traffic=0.5, holdout=0.1))) as snapshot:
        found = counted(snapshot)
        expected = {"outside": 0.5, "holdout": 0.05, "plain": 0.1125, "specials": 0.225, "produce": 0.1125}
        assert fits(found, expected)
        for number in range(60):
            decision = ask(snapshot, stranger(number))
            enrolment = part(decision)
            if enrolment is None:
                assert decision.rung != "experiment"
            elif enrolment.arm is None:
                assert (decision.action, decision.propensity, enrolment.traffic) == ("welcome", 1.0, "holdout")
            else:
                assert decision.action == arms[enrolment.arm]["action"]
                assert decision.propensity == enrolment.probabilities[enrolment.arm]
                assert enrolment.probabilities == {"plain": 0.25, "specials": 0.5, "produce": 0.25}
                assert decision.eligible == ["welcome", "produce", "weekly_specials"]


def test_a_ramp_lets_people_in_and_never_moves_those_who_are(tmp_path: Path) -> None:
    one = experiment(traffic=0.8)
    before: dict[int, str | None] = {}
    for version, share in enumerate((0.1, 0.3, 0.8)):
        with live(tmp_path / str(version), learned(one, banner=share)) as snapshot:
            now = {n: found.arm for n in range(800) if (found := part(ask(snapshot, stranger(n))))}
        assert before.items() <= now.items()
        assert abs(len(now) / 800 - share) < 0.06
        before = now


def test_experiments_of_one_layer_share_nobody_and_those_of_two_are_independent(tmp_path: Path) -> None:
    checkout = {"nothing": {"action": "none", "is_plain": True}, "shipping": {"action": "free_shipping"}}
    same = [
        experiment(name="a", traffic=0.5),
        experiment(name="b", traffic=0.5, placement="checkout_incentive", arms=checkout),
    ]
    with live(tmp_path / "same", learned(*same)) as snapshot:
        taken = [_in(snapshot, n) for n in range(600)]
        assert all(banner != offer for banner, offer in taken)
    with live(tmp_path / "two", learned(same[0], same[1].model_copy(update={"layer": "other"}))) as snapshot:
        table = Counter(_in(snapshot, n) for n in range(2_000))
        cells = [[table[x, y] for y in (True, False)] for x in (True, False)]
        assert stats.chi2_contingency(cells).pvalue > 0.001


def _in(snapshot: LiveSnapshot, number: int) -> tuple[bool, bool]:
    who = stranger(number)
    return part(ask(snapshot, who)) is not None, part(ask(snapshot, who, "checkout_incentive")) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "draft"},
        {"status": "paused"},
        {"status": "stopped"},
        {"starts_at": sample.NOW + timedelta(seconds=1)},
        {"ends_at": sample.NOW},
    ],
)
def test_nobody_is_in_what_does_not_run(tmp_path: Path, changes: dict[str, object]) -> None:
    with live(tmp_path, learned(experiment(**changes))) as snapshot:
        assert counted(snapshot, 30) == {"outside": 30}


def test_nobody_without_a_unit_or_a_yes_is_in(tmp_path: Path) -> None:
    with live(tmp_path, learned(experiment())) as snapshot:
        assert part(ask(snapshot, ())) is None
        cleo = (("loyalty_id", sample.value_hash("loyalty_id", "cleo")),)
        assert ask(snapshot, cleo).rung == "no_consent"
        assert part(ask(snapshot, cleo)) is None
    with live(tmp_path / "visit", learned(experiment(unit="session"))) as snapshot:
        assert part(ask(snapshot, stranger(1))) is None
        enrolment = part(ask(snapshot, (), context=Context(session_id="s1")))
        assert enrolment is not None
        assert (enrolment.unit_type, enrolment.unit_id) == ("session", "s1")


def test_people_of_one_account_draw_together(tmp_path: Path) -> None:
    profiles = [ProfileRecord(f"p{n}", 0, account_id=f"acme{n % 7}", **sample.CONSENTED) for n in range(70)]
    identifiers = [("loyalty_id", sample.value_hash("loyalty_id", p.customer_id), p.customer_id) for p in profiles]
    with live(tmp_path, learned(experiment(unit="account")), profiles=profiles, identifiers=identifiers) as snapshot:
        arms: dict[str, set[str | None]] = {}
        for kind, value, customer in identifiers:
            enrolment = part(ask(snapshot, ((kind, value),)))
            assert enrolment is not None
            assert enrolment.unit_id == f"acme{int(customer[1:]) % 7}"
            arms.setdefault(enrolment.unit_id, set()).add(enrolment.arm)
        assert all(len(found) == 1 for found in arms.values())
        assert len({next(iter(found)) for found in arms.values()}) > 1


CELLS = {
    (0, "mobile"): {"specials": 0.9, "produce": 0.1},
    (0, "any"): {"specials": 0.1, "produce": 0.9},
    (-1, "any"): {"specials": 0.5, "produce": 0.5},
}


def test_a_bandit_draws_from_the_most_specific_cell_and_logs_it(tmp_path: Path) -> None:
    bandit = experiment(kind="bandit", floor=0.0)
    ann = (("loyalty_id", sample.value_hash("loyalty_id", "ann")),)
    bob = (("loyalty_id", sample.value_hash("loyalty_id", "bob")),)
    with live(tmp_path, learned(bandit, rows=rows("banner", CELLS))) as snapshot:
        for who, device, cell in (
            (ann, "mobile", (0, "mobile")),
            (ann, "desktop", (0, "any")),
            (ann, None, (0, "any")),
            (bob, "mobile", (-1, "any")),
            (stranger(1), "toaster", (-1, "any")),
        ):
            enrolment = part(ask(snapshot, who, context=Context(device_type=device)))
            assert enrolment is not None
            scaled = {arm: p * 2 / 3 for arm, p in CELLS[cell].items()} | {"plain": 1 / 3}
            assert enrolment.probabilities == pytest.approx(scaled)
            assert enrolment.table_version == "t1"
            assert enrolment.context_bucket == (device if device in ("mobile", "desktop") else "any")
    with live(tmp_path / "fresh", learned(bandit)) as snapshot:
        enrolment = part(ask(snapshot, ann))
        assert enrolment is not None
        assert enrolment.probabilities == pytest.approx({"plain": 1 / 3, "specials": 1 / 3, "produce": 1 / 3})


def test_draws_have_the_published_probabilities(tmp_path: Path) -> None:
    published = {"plain": 0.1, "specials": 0.85, "produce": 0.05}
    bandit = experiment(kind="bandit", unit="session")
    with live(tmp_path, learned(bandit, rows=rows("banner", {(-1, "any"): published}))) as snapshot:
        nobody = find_person(snapshot.reader, ())
        placement = snapshot.placements["home_hero"]
        base = situation(snapshot, placement, nobody, Context(), sample.NOW, None)
        found: Counter[str] = Counter()
        for number in range(8_000):
            at = replace(base, context=Context(session_id=f"s{number}"))
            choice = from_trials(at)
            assert choice is not None
            assert choice.enrolment is not None
            assert choice.propensity == published[str(choice.enrolment.arm)]
            found[str(choice.enrolment.arm)] += 1
    assert fits(found, published)


def test_what_is_blocked_or_paused_is_masked_before_the_draw(tmp_path: Path) -> None:
    paused_arm = {**ARMS, "specials": {"action": "weekly_specials", "is_paused": True}}
    with live(tmp_path / "file", learned(experiment(arms=paused_arm))) as snapshot:
        assert fits(counted(snapshot, 400), {"plain": 0.5, "produce": 0.5})
    rule = {"name": "no_produce", "effect": "block", "when": "true", "reason": "No.", "actions": ["produce"]}
    policy = Policy.model_validate({"name": "p", "version": 1, "description": "", "owner": "t", "rules": [rule]})
    with live(tmp_path / "rule", learned(experiment()), policies=[policy]) as snapshot:
        assert fits(counted(snapshot, 400), {"plain": 0.5, "specials": 0.5})
        decision = ask(snapshot, stranger(1))
        assert decision.propensity == 0.5
        assert "produce" not in decision.eligible
        scopes = [f"arm:banner/1/{arm}" for arm in ("plain", "specials")]
        everything = ask(snapshot, stranger(1), paused=scopes)
        enrolment = part(everything)
        assert enrolment is not None
        assert (everything.action, enrolment.arm) == ("welcome", None)


def test_a_new_version_draws_anew(tmp_path: Path) -> None:
    with (
        live(tmp_path / "1", learned(experiment())) as first,
        live(tmp_path / "2", learned(experiment(version=2))) as new,
    ):
        pairs = [(part(ask(first, stranger(n))), part(ask(new, stranger(n)))) for n in range(900)]
    same = sum(one is not None and other is not None and one.arm == other.arm for one, other in pairs)
    assert abs(same / 900 - 1 / 3) < 0.06


def test_a_canary_gets_its_share_and_is_logged_apart(tmp_path: Path) -> None:
    one = experiment(canary={"share": 0.2, "arms": {"produce": 3, "specials": 1}})
    with live(tmp_path, learned(one)) as snapshot:
        found: Counter[str] = Counter()
        for number in range(MANY):
            enrolment = part(ask(snapshot, stranger(number)))
            assert enrolment is not None
            found[f"{enrolment.traffic} {enrolment.arm}"] += 1
            if enrolment.traffic == "canary":
                assert enrolment.probabilities == {"produce": 0.75, "specials": 0.25}
    third = 0.8 / 3
    live_arms = {f"live {arm}": third for arm in ARMS}
    assert fits(found, live_arms | {"canary produce": 0.15, "canary specials": 0.05})


def test_a_shadow_is_told_and_serves_nobody(tmp_path: Path) -> None:
    shadow, shown = experiment(kind="shadow", name="quiet"), experiment(traffic=0.5)
    shown = shown.model_copy(update={"layer": "other"})
    with live(tmp_path / "a", learned(shadow, shown)) as both, live(tmp_path / "b", learned(shown)) as alone:
        for number in range(100):
            first, second = ask(both, stranger(number)), ask(alone, stranger(number))
            assert (first.action, first.propensity, first.experiment) == (
                second.action, second.propensity, second.experiment,
            )  # fmt: skip
            assert isinstance(first.shadow, dict)
            assert first.shadow["quiet/1"] in ARMS


def test_hybrid_traffic_has_the_whole_propensity(tmp_path: Path) -> None:
    """p(a) = 0.6·1[the rule's] + 0.4·p(a), and the two sides are drawn apart."""
    placements = [
        p.model_copy(update={"strategy": "hybrid", "hybrid": _hybrid(), "explore_share": 0.0})
        if p.name == "home_hero"
        else p
        for p in sample.contents().placements
    ]
    rule = {"name": "r", "effect": "force", "when": "true", "reason": "Ours.", "actions": ["produce"]}
    policy = Policy.model_validate({"name": "p", "version": 1, "description": "", "owner": "t", "rules": [rule]})
    arms = {**ARMS, "specials": {"action": "weekly_specials", "share": 2}}
    what = learned(experiment(arms=arms, holdout=0.1))
    with live(tmp_path, what, placements=placements, policies=[policy]) as snapshot:
        found: Counter[tuple[str, str]] = Counter()
        for number in range(MANY):
            decision = ask(snapshot, stranger(number))
            enrolment = part(decision)
            assert enrolment is not None
            if enrolment.traffic == "holdout":
                found["holdout", decision.action] += 1
                continue
            model = {"welcome": 0.25, "weekly_specials": 0.5, "produce": 0.25}[decision.action]
            assert decision.conditional_propensity == model
            assert decision.propensity == pytest.approx(0.6 * (decision.action == "produce") + 0.4 * model)
            assert (enrolment.arm is None) == (decision.rung == "rule")
            found["live", decision.action] += 1
    expected = {
        ("holdout", "welcome"): 0.1, ("live", "welcome"): 0.09, ("live", "weekly_specials"): 0.18,
        ("live", "produce"): 0.9 * 0.7,
    }  # fmt: skip
    assert set(found) == set(expected)
    assert stats.chisquare([found[k] for k in expected], [p * MANY for p in expected.values()]).pvalue > 0.001


def _hybrid() -> Hybrid:
    return Hybrid(rules_share=0.6, model="decision_table")


def test_the_placement_answers_as_ever_for_everybody_else(tmp_path: Path) -> None:
    nothing = learned_of([experiment(status="draft")], {}, {})
    with live(tmp_path / "a", learned(experiment(), banner=0.3)) as trying, live(tmp_path / "b", nothing) as before:
        others = [n for n in range(100) if part(ask(trying, stranger(n))) is None]
        assert others
        for number in others:
            one, other = ask(trying, stranger(number)), ask(before, stranger(number))
            assert (one.action, one.rung, one.propensity) == (other.action, other.rung, other.propensity)


def test_an_arm_may_show_a_list_of_products_and_falls_out_where_there_is_none(tmp_path: Path) -> None:
    placement = next(p for p in sample.contents().placements if p.name == "product_recommendation")
    task = next(action.name for action in placement.actions if action.task == "popular")
    arms = {"plain": {"action": placement.plain, "is_plain": True}, "list": {"action": task}}
    with live(tmp_path, learned(experiment(placement=placement.name, arms=arms))) as snapshot:
        shown = [ask(snapshot, stranger(n), placement.name) for n in range(40)]
        assert all(decision.content.get("items") for decision in shown if decision.action == task)
        assert {decision.action for decision in shown} == {task, placement.plain}
    with live(tmp_path / "none", learned(experiment(placement=placement.name, arms=arms)), popular={}) as snapshot:
        assert {ask(snapshot, stranger(n), placement.name).action for n in range(40)} == {placement.plain}
