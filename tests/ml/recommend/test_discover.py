"""Lists of what is new: nothing owned, the asked share explored, the same list for a customer in any company."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.recommend.discover import discover
from ml.recommend.discovery import popular
from ml.recommend.ranking import Names
from tests.ml.recommend.shops import month, rows

NOBODY = np.zeros(0, dtype=object)
NEW = np.array(["new"], dtype=object)


def lists(share: float, newcomers: Names = NOBODY, day: str = "2017-12-01") -> pd.DataFrame:
    known = month().known
    found = discover(known, popular(known), "popular", newcomers, explore_share=share, day=day)
    return rows(found, list(known.customers))


def test_without_exploration_a_list_is_the_best_of_what_is_not_owned() -> None:
    known = month().known
    found = lists(0.0)
    assert not found["is_explored"].any()
    mine = found.loc[found["customer_id"] == "c000"]
    owned = set(known.products[np.asarray(known.owned[0].todense()).ravel() > 0])
    order = sorted(zip(-known.popularity, known.products, strict=True))
    assert mine["product_id"].tolist() == [name for _, name in order if name not in owned][:10]
    assert mine["score"].is_monotonic_decreasing


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.5])
def test_the_asked_share_is_explored_each_product_once(share: float) -> None:
    found = lists(share)
    assert found["is_explored"].mean() == pytest.approx(share, abs=0.02)
    assert not found.duplicated(["customer_id", "product_id"]).any()
    assert (found.groupby("customer_id")["rank"].apply(list).map(lambda ranks: ranks == list(range(1, 11)))).all()


def test_an_explored_place_is_among_those_that_pages_show_and_changes_with_the_day() -> None:
    found = lists(0.1)
    assert found.loc[found["is_explored"], "rank"].between(2, 6).all()
    again, tomorrow = lists(0.1), lists(0.1, day="2017-12-02")
    pd.testing.assert_frame_equal(found, again)
    assert not found["product_id"].equals(tomorrow["product_id"])


def test_newcomers_come_in_by_exploration_only() -> None:
    found = lists(0.1, NEW)
    fresh = found.loc[found["product_id"] == "new"]
    assert fresh["is_explored"].all()
    assert 0.3 < len(fresh) / found["is_explored"].sum() < 0.7


def test_a_newcomer_is_in_a_list_once_however_much_is_explored() -> None:
    found = lists(0.5, NEW)
    assert (found["product_id"] == "new").any()
    assert not found.duplicated(["customer_id", "product_id"]).any()


def test_a_share_out_of_bounds_is_named() -> None:
    with pytest.raises(ValueError, match=r"explore_share: 0.6"):
        lists(0.6)


def test_a_customer_gets_the_same_list_in_any_company() -> None:
    known = month().known
    some = np.array([3, 4, 200])
    part = discover(known, popular(known), "popular", NEW, explore_share=0.3, day="2017-12-01", rows=some)
    alone, everybody = rows(part, list(known.customers[some])), lists(0.3, NEW)
    theirs = everybody.loc[everybody["customer_id"].isin(known.customers[some])]
    pd.testing.assert_frame_equal(alone, theirs.reset_index(drop=True))
