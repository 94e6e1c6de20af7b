"""What models learn from, against the table as a plain query gives it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestration import training_rows as reading
from orchestration.training_rows import training_rows
from orchestration.warehouse import Warehouse

PLAIN = "select * from marts.training_frame order by as_of, last_seen_at, spend_lifetime, customer_id"


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Two cut-offs of 40 customers, a third of whom never ordered."""
    made = Warehouse(tmp_path / "warehouse.duckdb")
    made.prepare()
    with made.connect() as connection:
        connection.execute("create schema if not exists marts").fetchall()
        connection.execute(
            """
            create table marts.training_frame as
            select printf('c%03d', 97 * n % 101) as customer_id, timestamp '2017-01-01' + c * interval 28 day as as_of,
                n % 3 as orders_lifetime, cast(n * 7.13 as decimal(18, 4)) as spend_lifetime,
                cast(n as bigint) as tenure_days, nullif(n % 5, 0) as product_views_30d, n % 2 = 0 as is_known,
                cast(null as bigint) as reviews_read_30d,
                'c' || n as top_category, timestamp '2017-01-01' + n * interval 1 minute as last_seen_at,
                'train' as role, 28 as horizon_days, cast(n % 2 as integer) as churned, n as n_orders_horizon,
                cast(n * 1234567.1234 as decimal(18, 4)) as spend_horizon_amount
            from range(40) as numbers(n), range(2) as cutoffs(c)
            """
        ).fetchall()
    return made


@pytest.mark.parametrize("rows_at_a_time", [7, 1_000])
def test_numbers_are_those_of_the_table(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, rows_at_a_time: int
) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_A_TIME", rows_at_a_time)
    found, plain = training_rows(warehouse), warehouse.frame(PLAIN)
    assert found["customer_id"].tolist() == plain["customer_id"].tolist()
    assert found["as_of"].tolist() == plain["as_of"].tolist()
    for name in ("orders_lifetime", "spend_lifetime", "tenure_days", "product_views_30d", "is_known"):
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], plain[name].astype("float64"), rtol=1e-6)
    # Labels keep their cents.
    np.testing.assert_array_equal(found["spend_horizon_amount"], plain["spend_horizon_amount"])


def test_texts_are_left_out_unless_named_and_rows_may_be_chosen(warehouse: Warehouse) -> None:
    assert not {"top_category", "role"} & set(training_rows(warehouse).columns)
    buyers = training_rows(warehouse, texts=["top_category"], where="orders_lifetime > 0")
    plain = warehouse.frame(PLAIN).loc[lambda frame: frame["orders_lifetime"] > 0]
    assert buyers["top_category"].tolist() == plain["top_category"].tolist()


def test_numbers_that_nobody_has_are_left_out_unless_a_model_reads_them(warehouse: Warehouse) -> None:
    assert "reviews_read_30d" not in training_rows(warehouse).columns
    assert training_rows(warehouse, ["reviews_read_30d"])["reviews_read_30d"].isna().all()


def test_an_empty_frame_has_its_columns(warehouse: Warehouse) -> None:
    nobody = training_rows(warehouse, where="false")
    assert len(nobody) == 0
    assert {"customer_id", "as_of", "orders_lifetime", "churned"} <= set(nobody.columns)
    assert isinstance(nobody, pd.DataFrame)


def test_each_horizon_reads_the_midnights_that_it_looks_from(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("update marts.training_frame set role = 'near' where as_of > '2017-01-01'").fetchall()
        season = "* replace (timestamp '2016-02-01' as as_of, 'season' as role)"
        connection.execute(
            f"insert into marts.training_frame select {season} from marts.training_frame limit 9"
        ).fetchall()
    first, second = pd.Timestamp("2017-01-01"), pd.Timestamp("2017-01-29")
    # The near horizon looks from a midnight of its own and from one of the far horizon's.
    warehouse.replace({"ops.label_window": pd.DataFrame({"as_of": [first, second], "horizon_days": 14})})
    assert set(training_rows(warehouse)["as_of"]) == {first}
    assert set(training_rows(warehouse, near=True)["as_of"]) == {first, second}
    assert set(training_rows(warehouse, near=True, where="tenure_days < 7", most=9)["tenure_days"]) < set(range(7))


def test_of_too_many_rows_every_customer_keeps_all_or_none(warehouse: Warehouse) -> None:
    whole, some = training_rows(warehouse), training_rows(warehouse, most=30)
    assert 0 < len(some) < len(whole)
    assert (some.groupby("customer_id").size() == 2).all()
    assert len(training_rows(warehouse, most=80)) == len(whole)
