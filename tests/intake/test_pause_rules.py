"""From looks to pauses: hysteresis, grace and resumption, as properties of any sequence of looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from intake.pause_records import Look, PauseEvent, Standing, Verdict
from intake.pause_rules import BLIND_WHILE_PAUSED, Rule, after, rule_of, verdict_above, verdict_below
from intake.settings_pausing import CAUSES, PausingSettings

T0 = datetime(2018, 1, 2, tzinfo=UTC)
TICK = timedelta(seconds=2)
VERDICTS = st.lists(st.sampled_from(["breach", "between", "healthy", "silent"]), max_size=60)
ALL = "all"


def look(verdict: str, cause: str = "match_rate", *subjects: str) -> Look:
    return Look(ALL, cause, cast("Verdict", verdict), verdict, {}, subjects)


def event(kind: str, until: datetime | None = None, *subjects: str) -> PauseEvent:
    step = "pause" if kind == "pause" else "resume"
    return PauseEvent(1, ALL, step, "match_rate", T0, "ann", until, "", {"subjects": list(subjects)})


def play(verdicts: Sequence[str], rule: Rule, cause: str = "match_rate") -> list[tuple[int, str]]:
    """The steps that a sequence of looks leads to, by place in the sequence."""
    standing, steps, resumed = Standing(), [], 0
    for place, verdict in enumerate(verdicts):
        streak, step = after(standing, look(verdict, cause), rule, T0 + place * TICK)
        last = standing.last
        if step is not None:
            steps.append((place, step))
            resumed += step == "resume"
            last = event(step)
        standing = Standing(last, streak if step is None else Standing().streak, resumed)
    return steps


@given(VERDICTS, st.integers(1, 4), st.integers(1, 4), st.booleans(), st.integers(0, 3))
def test_steps_alternate_and_each_has_its_looks_in_a_row(
    verdicts: list[str], looks: int, healthy: int, automatic: bool, most: int
) -> None:
    steps = play(verdicts, Rule(looks, automatic, healthy, most))
    assert [step for _, step in steps] == ["pause", "resume"] * (len(steps) // 2) + ["pause"] * (len(steps) % 2)
    for place, step in steps:
        told = [verdict for verdict in verdicts[: place + 1] if verdict != "silent"]
        row = told[-looks:] if step == "pause" else told[-healthy:]
        assert row == (["breach"] * looks if step == "pause" else ["healthy"] * healthy)
    assert sum(step == "resume" for _, step in steps) <= (most if automatic else 0)


@given(VERDICTS)
def test_what_is_to_be_resumed_by_hand_never_resumes_by_itself(verdicts: list[str]) -> None:
    assert [step for _, step in play(verdicts, Rule())] in ([], ["pause"])


@given(st.lists(st.sampled_from(["breach", "between"]), min_size=2, max_size=40))
def test_a_value_that_trembles_at_its_bound_pauses_once(verdicts: list[str]) -> None:
    assert len(play(verdicts, Rule(1, True, 1, 100))) <= 1


def test_a_blind_cause_is_tried_again_and_another_is_not() -> None:
    quiet = ["breach", "silent", "silent", "silent"]
    rule = Rule(1, True, 3, 3)
    assert play(quiet, rule, "decision_p99") == [(0, "pause"), (3, "resume")]
    assert play(quiet, rule, "drift") == [(0, "pause")]
    assert set(CAUSES) >= BLIND_WHILE_PAUSED


def test_who_resumed_by_hand_is_left_alone_for_the_same_reason_until_the_grace_ends() -> None:
    resumed = Standing(event("resume", T0 + timedelta(hours=1), "x/1"))

    def step(at: datetime, *subjects: str) -> str | None:
        return after(resumed, look("breach", "match_rate", *subjects), Rule(), at)[1]

    assert step(T0 + TICK, "x/1") is None
    assert step(T0 + TICK, "x/1", "y/1") == "pause"
    assert step(T0 + timedelta(hours=1), "x/1") == "pause"


@given(st.floats(0, 1), st.floats(0.01, 1), st.floats(0, 0.9))
def test_healthy_lies_on_the_good_side_of_the_bound(value: float, bound: float, margin: float) -> None:
    above, below = verdict_above(value, bound, margin), verdict_below(value, bound, margin)
    assert (above == "breach") == (value > bound)
    assert (below == "breach") == (value < bound)
    assert above != "healthy" or value <= bound
    assert below != "healthy" or value >= bound


def test_settings_name_the_field_and_the_causes() -> None:
    settings = PausingSettings(looks={"drift": 3}, resume={"drift": "automatic"}, healthy_looks={"drift": 7})
    assert rule_of(settings, "drift") == Rule(3, True, 7, 3)
    assert rule_of(settings, "match_rate") == Rule(1, False, 5, 3)
    with pytest.raises(ValidationError, match="'drfit' is none of match_rate, stale_snapshot"):
        PausingSettings(looks={"drfit": 1})
    with pytest.raises(ValidationError, match="drift: 0 is not between 1 and"):
        PausingSettings(healthy_looks={"drift": 0})
    with pytest.raises(ValidationError, match="'manual' or 'automatic'"):
        PausingSettings.model_validate({"resume": {"drift": "never"}})
