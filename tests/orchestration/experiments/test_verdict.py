"""Verdicts from evidence made by hand: what stands in the way of shipping, and how a change is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from intake.ops_experiments import TakenLook
from ml.experiments.difference import Comparison
from ml.experiments.effect import effect_of
from orchestration.experiments.comparisons import Comparisons, compare_slices
from orchestration.experiments.estimates import Estimate, estimates
from orchestration.experiments.metric_registry import metric_of
from orchestration.experiments.reading_out import notes
from orchestration.experiments.verdict import Evidence, verdict
from orchestration.experiments.watching import Watch
from serving.experiments.definition import Experiment

NOW = datetime(2026, 3, 25, tzinfo=UTC)
METRIC = "incremental_profit"
SAFE = Watch("safe", 0.2, 0.1, 0.3, "it gains")
HARM = Watch("harm", -0.5, -0.7, -0.2, "it loses")
LOOK = TakenLook("banner", 1, METRIC, "treat", 1, NOW, 1.0, 2_000, 4.0, 2.0, 0.001, 1.0, 2.0, "better", True)
SEEN = Evidence({"plain": 1_000, "treat": 1_000}, 0, [], {(METRIC, "treat", ""): SAFE}, [LOOK], [], True)


def design(**fields: Any) -> Experiment:
    """Plain against treat, half and half, unless told otherwise."""
    base = {
        "name": "banner", "hypothesis": "It sells.", "kind": "ab", "placement": "home_hero", "owner": "anna",
        "arms": {"plain": {"action": "welcome", "is_plain": True}, "treat": {"action": "specials"}},
        "metrics": {"primary": METRIC},
    }  # fmt: skip
    return Experiment.model_validate({**base, **fields})


def test_harm_in_one_group_stops_what_would_be_shipped() -> None:
    assert verdict(design(), SEEN).word == "ship"
    torn = replace(SEEN, watches={**SEEN.watches, (METRIC, "treat", "gender f"): HARM})
    found = verdict(design(), torn)
    assert (found.word, found.arm) == ("stop", "treat")
    assert found.words == "Stop treat (harm in gender f): it loses."
    insufficient = replace(SEEN, watches={**SEEN.watches, (METRIC, "treat", "gender f"): replace(HARM, state="open")})
    assert verdict(design(), insufficient).word == "ship"


def test_harm_in_a_group_of_one_arm_leaves_the_other_to_ship() -> None:
    arms = design().model_dump(mode="json")["arms"] | {"blue": {"action": "blue"}}
    watches = {**SEEN.watches, (METRIC, "blue", "gender f"): HARM}
    found = verdict(design(arms=arms), replace(SEEN, units={**SEEN.units, "blue": 1_000}, watches=watches))
    assert (found.word, found.arm) == ("ship", "treat")
    assert "Stop blue, which harms." in found.words


def test_an_arm_that_was_paused_is_not_waited_for_nor_stopped_again_nor_shipped() -> None:
    arms = design().model_dump(mode="json")["arms"] | {"blue": {"action": "blue"}}
    three = replace(SEEN, units={**SEEN.units, "blue": 40}, looks=[], is_over=False)
    assert "blue has 40" in verdict(design(arms=arms), three).words
    paused = replace(three, paused=frozenset({"blue"}), watches={(METRIC, "blue", ""): HARM})
    assert verdict(design(arms=arms), paused).words == "Keep running: the first weekly look is still to come."
    assert verdict(design(arms=arms), replace(paused, paused=frozenset({"blue", "treat"}))).arm == "blue"
    shipped = replace(SEEN, units=three.units, paused=frozenset({"treat"}))
    assert verdict(design(arms=arms), shipped).word == "no difference"


def test_a_group_that_loses_is_seen_under_its_own_name() -> None:
    draw = np.random.default_rng(5)
    n = 2_000
    units = pd.DataFrame({
        "arm": ["plain", "treat"] * n, "customer_id": [str(i) for i in range(2 * n)],
        "cluster_id": [str(i) for i in range(2 * n)], "pre_revenue": 0.0,
    })  # fmt: skip
    gender = pd.Series(["f"] * n + ["m"] * n, index=units["customer_id"])
    units["margin"] = draw.normal(100, 10, 2 * n) + np.where(units["arm"] == "treat", 1.0, 0.0) * np.where(
        gender.to_numpy() == "f", -20.0, 60.0
    )
    found = compare_slices(design(), units, {"gender": gender}, 100)
    assert {(one.group, one.estimate.arm): one.watch.state for one in found} == {
        ("gender f", "treat"): "harm",
        ("gender m", "treat"): "safe",
    }
    assert [one.plain for one in found] == ["plain in gender f", "plain in gender m"]


@pytest.mark.parametrize(
    ("metric", "lift", "words"),
    [
        (METRIC, -0.01, "1.0% lower (95 %: -4.9% to +2.9%)"),
        (METRIC, 0.01, "1.0% higher (95 %: -2.9% to +4.9%)"),
        ("complaint_rate", -0.1, "10.0% lower (95 %: -13.9% to -6.1%)"),
    ],
)
def test_a_change_is_told_with_its_sign(metric: str, lift: float, words: str) -> None:
    """The look that decided may be weeks old, and the change of today may point the other way."""
    effect = effect_of(lift, 0.02, 2_000, alpha=0.05, side="two")
    comparison = Comparison(1.0, 1.0 + lift, 1_000, 1_000, effect, effect, None)
    seen = replace(
        SEEN, estimates=[Estimate(metric_of(metric), "treat", comparison, "")], looks=[replace(LOOK, metric=metric)]
    )
    assert words in verdict(design(metrics={"primary": metric}), seen).words


def test_a_marketer_is_told_that_what_was_found_early_looks_large() -> None:
    told = notes(design(), Comparisons(), [replace(LOOK, information=0.66, is_final=False)])
    assert any("treat was decided at look 1, with 66% of the evidence" in note for note in told)
    assert not any("was decided" in note for note in notes(design(), Comparisons(), [LOOK]))


def test_a_figure_that_is_the_same_for_everybody_is_told_so() -> None:
    units = pd.DataFrame({"arm": ["plain", "treat"] * 40, "cluster_id": range(80), "clicks": 0, "exposures": 2})
    (found,) = estimates(units, metric_of("click_rate"), plain="plain")
    assert found.refused == "click rate is 0 for every unit of both arms: nothing varies yet"
