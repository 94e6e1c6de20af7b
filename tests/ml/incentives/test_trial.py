"""What is no randomised comparison is refused, with arm, figure and bound."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.errors import NotTrainable
from ml.incentives.trial import plain_arm, read_trial
from tests.ml.incentives.trials import FEATURES, offers


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return offers(4_000)


def test_arms_come_from_the_log_and_weights_add_up(log: pd.DataFrame) -> None:
    trial = read_trial(log, FEATURES)
    assert trial.arms == ("none", "gift", "ten_off")
    for arm in range(3):
        assert trial.weight[trial.arm == arm].sum() == pytest.approx(len(trial))
    assert trial.refused == {}


def test_rows_without_an_outcome_are_counted_and_left_out(log: pd.DataFrame) -> None:
    waiting = log.assign(is_converted=log["is_converted"].astype(object).where(np.arange(len(log)) >= 50, None))
    trial = read_trial(waiting, FEATURES)
    assert len(trial) == len(log) - 50
    assert trial.left_out["no outcome yet"] == 50


def arm_of(log: pd.DataFrame, arm: str, **values: object) -> pd.DataFrame:
    own = log["arm"] == arm
    return log.assign(**{name: log[name].where(~own, value) for name, value in values.items()})


def picked(log: pd.DataFrame) -> pd.DataFrame:
    """A log whose gifts went to the hungry, while it says that they were drawn for a quarter of everybody."""
    plain = log["arm"] == "none"
    arm = log["arm"].where(plain, np.where(log["hunger"] > 0, "gift", "ten_off"))
    return log.assign(arm=arm)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda log: arm_of(log, "gift", propensity=np.nan), "'gift'.*no logged propensity.*not randomised"),
        (lambda log: arm_of(log, "gift", propensity=1.0), "'gift'.*propensity 1 wherever"),
        (lambda log: arm_of(log, "gift", propensity=1.5), "'gift'.*1.5 is no probability"),
        (lambda log: arm_of(log, "gift", propensity=0.0), "'gift'.*0 is no probability"),
        (lambda log: arm_of(log, "gift", propensity=0.4), "'gift'.*stand for"),
        (lambda _: offers(3_000, shares=(0.5, 0.46, 0.04)), r"'gift': \d+ offers.*at least 200"),
        (lambda log: arm_of(log, "gift", is_converted=False), "'gift': 0 of .* converted; at least 20"),
    ],
)
def test_an_arm_that_cannot_be_compared_is_refused_with_its_figure(
    log: pd.DataFrame, change: object, message: str
) -> None:
    assert callable(change)
    trial = read_trial(change(log).reset_index(drop=True), FEATURES)
    assert "gift" not in trial.arms
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(trial.refused["gift"])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (offers(30).iloc[:0], "offers: 0 rows"),
        (offers(60), "at least 200 are needed"),
        (offers(3_000).query("arm == 'none'"), "only 'none' was drawn"),
        (offers(3_000).query("arm != 'none'"), "gift, ten_off were drawn; one of none"),
        (picked(offers(3_000)), "'gift'.*it went to customers with a higher hunger"),
        (arm_of(offers(3_000), "none", propensity=np.nan), "'none'.*no logged propensity"),
    ],
)
def test_a_log_that_carries_nothing_is_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(NotTrainable, match=message):
        read_trial(frame, FEATURES)


def test_the_plain_arm_is_the_placements_or_a_known_name() -> None:
    assert plain_arm(["a", "b"], "b") == "b"
    assert plain_arm(["gift", "control"]) == "control"
    with pytest.raises(NotTrainable, match="the placement's `plain`"):
        plain_arm(["a", "b"], "c")
