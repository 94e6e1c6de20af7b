"""Cohorts follow the first order, keep a customer together, and do not depend on ids."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml import cohorts
from ml.cohorts import COHORTS, acquisition_cohorts, thinned
from tests.ml.histories import training_frame

FRAME = training_frame(customers=250)


def test_ten_groups_of_equal_size_in_order_of_the_first_order() -> None:
    number, sampled = acquisition_cohorts(FRAME)
    assert sampled.all()
    earliest = FRAME["as_of"] == FRAME["as_of"].min()
    first = -FRAME["days_since_first_order"].where(earliest)
    assert FRAME.groupby(number)["customer_id"].nunique().tolist() == [250 // COHORTS] * COHORTS
    spans = first.groupby(number).agg(["min", "max"])
    assert (spans["max"].to_numpy()[:-1] <= spans["min"].to_numpy()[1:]).all()
    assert (pd.Series(number).groupby(FRAME["customer_id"]).nunique() == 1).all()


def test_other_ids_give_the_same_cohorts() -> None:
    renamed = FRAME.assign(customer_id="x" + FRAME["customer_id"].str[::-1])
    np.testing.assert_array_equal(acquisition_cohorts(renamed).number, acquisition_cohorts(FRAME).number)


def test_an_unknown_first_order_is_the_earliest() -> None:
    unknown = FRAME.assign(days_since_first_order=np.where(FRAME["customer_id"] < "c00025", np.nan, 100.0))
    number, _ = acquisition_cohorts(unknown)
    assert set(number[(FRAME["customer_id"] < "c00025").to_numpy()]) == {0}


def test_a_large_shop_is_sampled_by_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohorts, "MOST_CUSTOMERS", 100)
    number, sampled = acquisition_cohorts(FRAME)
    kept = FRAME.loc[sampled]
    assert kept["customer_id"].nunique() == 84
    assert len(kept) == 3 * 84
    assert set(number[sampled]) == set(range(COHORTS))


def test_rows_are_thinned_by_customer() -> None:
    fewer = thinned(FRAME, 300)
    assert len(fewer) == 3 * fewer["customer_id"].nunique() == 252
    assert thinned(FRAME, 10_000) is FRAME
    assert thinned(FRAME.iloc[:0], 10).empty
