"""Segments read the columns they need and no others, of whom they are asked for."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from ml.segments import SEGMENT_COLUMNS, SegmentModel, fit_segments
from orchestration.segments.people import PROFILED, segment_people
from orchestration.warehouse import Warehouse

PEOPLE = 120


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    random = np.random.default_rng(3)
    often = np.repeat([1.0, 30.0], PEOPLE // 2)
    return pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(PEOPLE)],
            "as_of": pd.Timestamp("2017-10-03"),
            "last_seen_at": pd.Timestamp("2017-10-01"),
            "recency_days": random.integers(1, 20, PEOPLE) * 100 / often,
            "orders_365d": often + random.integers(0, 3, PEOPLE),
            "spend_365d": often * 40,
            "spend_lifetime": often * 50 + random.random(PEOPLE),
            "orders_lifetime": often + 3,
            "tenure_days": 200,
            "product_views_30d": 2,
            "days_since_first_order": 150,
            "discount_share": random.random(PEOPLE),
            "usual_browser": "Firefox",
            "returns_ever": random.random(PEOPLE),
        }
    )


@pytest.fixture(scope="module")
def warehouse(features: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    found = Warehouse(tmp_path_factory.mktemp("people") / "w.duckdb")
    consent = features[["customer_id"]].assign(is_profiled=features.index % 3 == 0)
    with duckdb.connect(str(found.path)) as connection:
        connection.register("features", features)
        connection.register("consent", consent)
        connection.execute("create schema marts").fetchall()
        connection.execute("create table marts.customer_features as from features").fetchall()
        connection.execute("create table marts.customer_consent as from consent").fetchall()
    return found


def fitted(features: pd.DataFrame, *columns: str) -> SegmentModel:
    return fit_segments(features, columns, k_min=2, k_max=2, seed=1)


def test_what_neither_forms_nor_describes_a_segment_is_left_in_the_warehouse(warehouse: Warehouse) -> None:
    read = segment_people(warehouse, None)
    assert {"usual_browser", "returns_ever"}.isdisjoint(read.columns)
    assert {*SEGMENT_COLUMNS, "discount_share", "as_of"} <= set(read.columns)
    assert len(read) == PEOPLE


def test_the_model_in_use_finds_its_own_columns(warehouse: Warehouse, features: pd.DataFrame) -> None:
    model = fitted(features, "orders_365d", "returns_ever")
    read = segment_people(warehouse, model)
    ours, theirs = (model.assign(rows).set_index("customer_id")["segment_id"] for rows in (read, features))
    pd.testing.assert_series_equal(ours.sort_index(), theirs.sort_index())


def test_the_narrow_rows_give_the_segments_of_the_wide_ones(warehouse: Warehouse, features: pd.DataFrame) -> None:
    narrow = fitted(segment_people(warehouse, None), *SEGMENT_COLUMNS)
    assert narrow.files() == fitted(features, *SEGMENT_COLUMNS).files()


def test_who_may_not_be_profiled_is_not_read(warehouse: Warehouse, features: pd.DataFrame) -> None:
    read = segment_people(warehouse, None, PROFILED)
    assert set(read["customer_id"]) == set(features["customer_id"][::3])
