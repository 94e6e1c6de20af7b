"""Too little history is flagged and answered by the group; everybody else keeps their own figure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.standing import enough_history, stand_in

MEMBERS = 40


def shop() -> tuple[pd.DataFrame, pd.Series]:
    """Segment 1 spends 10 to 49, segment 2 has too few members, the last has none."""
    amount = np.arange(MEMBERS) + 10.0
    scores = pd.DataFrame({"amount": amount, "amount_low": amount / 2, "amount_high": amount * 2})
    segment = pd.Series([1.0] * 30 + [2.0] * 9 + [np.nan])
    return scores, segment


def test_two_orders_or_two_weeks_are_enough() -> None:
    frame = pd.DataFrame(
        {"orders_lifetime": [1, 1, 2, 0, None, 1], "days_since_first_order": [13, 14, 0, 90, 90, None]}
    )
    assert enough_history(frame).tolist() == [False, True, True, False, False, False]


def test_the_segment_answers_then_everyone() -> None:
    scores, segment = shop()
    enough = np.ones(MEMBERS, dtype=np.bool_)
    enough[[0, 35, 39]] = False
    reference = scores.assign(segment=segment).loc[enough]
    found = stand_in(scores, segment, enough, reference)
    assert found["basis"].iloc[[0, 1, 35, 39]].tolist() == ["segment", "own", "everyone", "everyone"]
    members = reference.loc[reference["segment"] == 1]
    assert found["amount"].iloc[0] == members["amount"].mean()
    assert found["amount_low"].iloc[0] == members["amount_low"].quantile(0.1)
    assert found["amount_high"].iloc[0] == members["amount_high"].quantile(0.9)
    assert found["amount"].iloc[35] == found["amount"].iloc[39] == reference["amount"].mean()
    pd.testing.assert_frame_equal(found.loc[enough, list(scores.columns)], scores.loc[enough])
    assert (found["amount_low"] <= found["amount"]).all()
    assert (found["amount"] <= found["amount_high"]).all()


def test_a_row_alone_is_answered_as_in_the_batch() -> None:
    scores, segment = shop()
    enough = np.arange(MEMBERS) % 4 > 0
    reference = scores.assign(segment=segment).loc[enough]
    batch = stand_in(scores, segment, enough, reference)
    alone = [stand_in(scores.iloc[[i]], segment.iloc[[i]], enough[[i]], reference) for i in range(MEMBERS)]
    pd.testing.assert_frame_equal(pd.concat(alone), batch)


def test_a_shop_of_newcomers_keeps_its_figures_and_says_so() -> None:
    scores, segment = shop()
    found = stand_in(scores, segment, np.zeros(MEMBERS, dtype=np.bool_), scores.assign(segment=segment).iloc[:0])
    assert set(found["basis"]) == {"everyone"}
    pd.testing.assert_frame_equal(found.drop(columns="basis"), scores)
