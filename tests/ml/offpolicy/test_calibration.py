"""What of a log is a draw, and in which cells draws are held against their propensities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from ml.offpolicy import LoggedTraffic
from ml.offpolicy.calibration import drawn_once
from ml.offpolicy.faults import propensity_faults
from tests.ml.offpolicy import worlds

Ints = npt.NDArray[np.int64]


def kept(action: Ints, visits: Ints, rows: worlds.Floats) -> LoggedTraffic:
    """A log of people who come `visits` times and keep their action."""
    unit = np.repeat(np.arange(len(action)), visits)
    segment = unit % 2
    return worlds.traffic(unit, segment, action[unit], np.zeros(len(unit)), rows[unit], rows[unit])


def test_people_who_come_back_for_what_they_saw_make_no_fault() -> None:
    random, rows = np.random.default_rng(3), np.tile([0.5, 0.3, 0.2], (1_500, 1))
    action = random.choice(3, p=rows[0], size=1_500)
    traffic = kept(action, 1 + 2 * (action == 1), rows)
    # Counted by exposure the second action was shown in over half of them instead of three tenths.
    assert (traffic.action == 1).mean() > 0.5
    assert propensity_faults(traffic) == []


def test_of_people_who_keep_their_draw_each_tells_as_much_as_any_other() -> None:
    """A ninth more than the propensities say, five errors by person; by exposure, few heavy visitors hide it."""
    random, claimed = np.random.default_rng(4), np.tile([0.5, 0.3, 0.2], (2_000, 1))
    action = random.permutation(np.repeat([0, 1, 2], [1_110, 510, 380]))
    visits = 1 + 30 * (random.random(2_000) < 0.05)
    told = propensity_faults(kept(action, visits, claimed))
    assert any(one.startswith("all exposures") and "(1,110 against 1,000 of 2,000" in one for one in told)


def test_where_each_exposure_is_a_draw_all_of_them_count() -> None:
    traffic = worlds.log(worlds.LOGGING, 600, seed=5, visits=3)
    assert len(drawn_once(traffic)) == 600
    again = replace(traffic, action=np.random.default_rng(6).permutation(traffic.action))
    assert drawn_once(again) is again


@pytest.mark.parametrize("has_rows", [True, False])
def test_shares_that_are_right_by_segment_and_by_context_but_not_by_cell_are_caught(has_rows: bool) -> None:
    random, n = np.random.default_rng(7), 1_600
    segment, context = np.arange(n) % 2, np.arange(n) // 2 % 2
    true = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2]])[segment ^ context]
    action = (random.random(n)[:, None] >= true.cumsum(axis=1)).sum(axis=1)
    claimed = np.tile([0.4, 0.4, 0.2], (n, 1))
    traffic = worlds.traffic(np.arange(n), segment, action, np.zeros(n), claimed, claimed)
    slices = {"segment": segment.astype(str), "context": np.where(context, "day", "night")}
    logged = claimed if has_rows else np.full((n, 3), np.nan)
    told = propensity_faults(replace(traffic, slices=slices, logged=logged))
    assert len(told) == 1
    assert told[0].startswith("segment and context ")
