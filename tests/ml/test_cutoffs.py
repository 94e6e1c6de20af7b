"""Cut-offs: no label window overlaps, no customer on both sides of a fold."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.cutoffs import cutoff_dates, has_ordered, latest_rows, split_at
from ml.errors import NotTrainable
from tests.ml.histories import CUTOFFS, JUDGE, training_frame


def test_a_window_that_ends_on_the_judging_day_still_teaches() -> None:
    split = split_at(training_frame(), "churned", JUDGE, 91)
    assert split.train_cutoffs == list(CUTOFFS[:2])
    assert cutoff_dates(split.everything) == list(CUTOFFS)
    with pytest.raises(NotTrainable, match="training: 0 rows"):
        split_at(
            training_frame().loc[lambda frame: frame["as_of"] > pd.Timestamp(CUTOFFS[0], tz="UTC")],
            "churned",
            JUDGE,
            92,
        )


def test_a_naive_judge_is_utc_and_rows_come_in_one_order_whatever_the_ids_are() -> None:
    frame = training_frame()
    renamed = frame.assign(customer_id="x" + frame["customer_id"].str[::-1]).sample(frac=1, random_state=1)
    ours, theirs = (split_at(one, "churned", pd.Timestamp("2017-07-04"), 91).everything for one in (frame, renamed))
    assert ours["as_of"].is_monotonic_increasing
    # Rows that agree in all that customers did may stand in any order: nothing tells them apart but their ids.
    same = ["as_of", "spend_lifetime", "orders_lifetime", "recency_days"]
    pd.testing.assert_frame_equal(ours[same], theirs[same])
    assert (ours["customer_id"] == theirs["customer_id"].str[1:].str[::-1]).mean() > 0.99


def test_unknown_labels_and_people_without_orders_are_left_out() -> None:
    frame = training_frame()
    frame["churned"] = frame["churned"].astype("Int64")
    frame.loc[frame.index[:7], "churned"] = pd.NA
    frame.loc[frame.index[10:13], "orders_lifetime"] = 0
    assert len(split_at(frame, "churned", JUDGE, 91).everything) == len(frame) - 10
    assert has_ordered(frame.drop(columns="orders_lifetime")).all()


def test_latest_rows_are_those_of_the_last_cutoffs() -> None:
    frame = training_frame()
    assert cutoff_dates(frame.loc[latest_rows(frame, 2)]) == list(CUTOFFS[1:])
