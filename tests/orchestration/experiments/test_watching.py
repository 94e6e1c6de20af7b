"""What a guard rail says where a comparison is refused: few events in one arm are no reason not to look."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from orchestration.experiments.adaptive import adaptive_estimates
from orchestration.experiments.estimates import estimates
from orchestration.experiments.metric_registry import metric_of
from orchestration.experiments.watching import UNKNOWN, Watch, watched
from serving.experiments.definition import Experiment

DESIGN = Experiment.model_validate({
    "name": "banner", "hypothesis": "It sells.", "kind": "ab", "placement": "home_hero", "owner": "anna",
    "arms": {"plain": {"action": "welcome", "is_plain": True}, "treat": {"action": "specials"}},
    "metrics": {"primary": "incremental_profit", "guard_rails": [{"metric": "complaint_rate"}]},
})  # fmt: skip


def seen(metric: str, plain: list[int], treat: list[int], **columns: Any) -> Watch:
    """The watch of two arms by the values of their units."""
    units = pd.DataFrame({
        "arm": ["plain"] * len(plain) + ["treat"] * len(treat), "cluster_id": range(len(plain) + len(treat)),
        "value": plain + treat, **columns,
    })  # fmt: skip
    units = units.rename(columns={"value": metric_of(metric).numerator})
    (estimate,) = estimates(units, metric_of(metric), plain="plain")
    return watched(DESIGN, estimate)


@pytest.mark.parametrize("complaints", [0, 3])
def test_few_complaints_of_the_plain_arm_do_not_hide_those_of_the_other(complaints: int) -> None:
    plain = [1] * complaints + [0] * (2_000 - complaints)
    assert seen("complaint_rate", plain, [1] * 400 + [0] * 1_600).state == "harm"
    # As many in both arms are none.
    assert seen("complaint_rate", plain, plain).state != "harm"


def test_below_the_least_units_nothing_is_said() -> None:
    assert seen("complaint_rate", [0] * 29, [1] * 29) is UNKNOWN
    assert seen("complaint_rate", [0] * 30, [1] * 29 + [0]).state == "harm"


def test_a_ratio_that_the_other_arm_lacks_is_unknown_and_no_error() -> None:
    assert seen("return_rate", [0] * 40, [1] * 40, orders=[1] * 40 + [0] * 40) is UNKNOWN


def drawn(complaints: int, units: int = 2_000) -> Watch:
    """The watch of a bandit's arm, half and half with the plain arm, which nobody complained of."""
    values = [0] * units + [1] * complaints + [0] * (units - complaints)
    (estimate,) = adaptive_estimates(pd.DataFrame({
        "arm": ["plain"] * units + ["treat"] * units, "cluster_id": "c", "propensity": 0.5, "probabilities": "",
        "complaints": values, "table_version": "t", "segment_id": 1, "context_bucket": "any",
        "first_exposed_at": pd.Timestamp("2026-03-01"),
    }), metric_of("complaint_rate"), plain="plain")  # fmt: skip
    return watched(DESIGN, estimate)


def test_a_bandits_arm_is_watched_where_nobody_complained_of_the_plain_one() -> None:
    assert [drawn(complaints).state for complaints in (0, 3, 400)] == ["", "open", "harm"]
    assert drawn(29, units=29) is UNKNOWN
