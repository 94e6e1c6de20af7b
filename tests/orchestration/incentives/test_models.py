"""Placements are trained apart, refused apart, and stored together; the rows have the table's columns."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.errors import NotTrainable
from orchestration.incentives.facts import FEATURES
from orchestration.incentives.models import PlacementModels, train_placements
from orchestration.incentives.scores import TABLE, uplift_rows
from orchestration.warehouse_schema import source_table
from tests.ml.incentives.trials import offers


def log(rows: int, placement: str) -> pd.DataFrame:
    traits = offers(rows)
    renamed = traits.rename(columns={"hunger": "discount_share", "basket": "basket_amount", "noise": "orders_91d"})
    return renamed.assign(placement=placement).reindex(columns=[*renamed.columns, "placement", *_others()])


def _others() -> list[str]:
    return [name for name in FEATURES if name not in ("discount_share", "basket_amount", "orders_91d")]


@pytest.fixture(scope="module")
def trained() -> PlacementModels:
    both = pd.concat([log(1_500, "till"), log(60, "letter")], ignore_index=True)
    return train_placements(both, {"till": "none"}, 7, repeats=1)


def test_a_small_placement_is_refused_beside_a_trained_one(trained: PlacementModels) -> None:
    assert list(trained.models) == ["till"]
    assert "at least 200 are needed" in trained.refused["letter"]
    assert "letter: not trained" in trained.note


def test_rows_come_from_stored_files_one_an_arm(trained: PlacementModels) -> None:
    people = log(30, "till").drop_duplicates("customer_id").reset_index(drop=True)
    read = PlacementModels.from_files(trained.files())
    rows = uplift_rows(people, read, "v1", pd.Timestamp("2018-01-02"))
    assert tuple(rows.columns) == source_table(TABLE).column_names
    assert not rows.duplicated(["customer_id", "placement", "arm"]).any()
    assert rows.groupby("customer_id")["is_recommended"].sum().eq(1).all()
    assert rows.loc[rows["arm"] == "none", "margin_uplift"].eq(0).all()
    pd.testing.assert_frame_equal(rows, uplift_rows(people, trained, "v1", pd.Timestamp("2018-01-02")))


def test_no_log_at_all_says_what_is_needed() -> None:
    with pytest.raises(NotTrainable, match=r"offers: 0 rows.*offer_assigned"):
        train_placements(log(60, "till").iloc[:0], {}, 7)
