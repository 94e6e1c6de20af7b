"""E-receipts refer to real orders and tie the right e-mail to the right card."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from scipy.stats import binomtest

from simulation.digital_layer import DigitalLayer
from simulation.receipts import RECEIPT_SHARE


@pytest.fixture(scope="module")
def rows(read_source: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    return read_source("sim_online_orders_link")


def test_each_receipt_refers_to_one_real_order_of_its_household(
    rows: pd.DataFrame, shop_frames: dict[str, pd.DataFrame]
) -> None:
    baskets = shop_frames["transactions"].drop_duplicates("basket_id").set_index("basket_id")
    real = baskets.loc[rows["order_id"].astype(int)]
    assert rows["order_id"].is_unique
    assert (real["household_id"].to_numpy() == rows["household_id"].to_numpy()).all()
    lag = rows["occurred_at"].dt.tz_localize(None).to_numpy() - real["transaction_timestamp"].to_numpy()
    assert pd.Series(lag).between(pd.Timedelta(minutes=1), pd.Timedelta(minutes=3)).all()


def test_most_orders_have_a_receipt(rows: pd.DataFrame, layer: DigitalLayer) -> None:
    eligible = int(layer.people.has_email[layer.orders.order_person].sum())
    assert binomtest(len(rows), eligible, RECEIPT_SHARE).pvalue > 1e-4
    assert len(rows) > 0.55 * len(layer.orders.order_ids)


def test_addresses_belong_to_the_household(rows: pd.DataFrame, read_truth: Callable[[str], pd.DataFrame]) -> None:
    known = read_truth("identifiers")
    email = known[known["type"] == "email"].set_index("value_clear")["person_id"]
    card = known[known["type"] == "loyalty_id"].set_index("value_clear")["person_id"]
    assert email.index.is_unique
    assert (rows["email"].map(email) == rows["household_id"].astype(str).map(card)).all()


def test_some_people_use_two_addresses(rows: pd.DataFrame) -> None:
    addresses = rows.groupby("household_id")["email"].nunique()
    assert addresses.max() == 2
    assert 0.01 < (addresses == 2).mean() < 0.15


def test_a_receipt_is_no_second_order(rows: pd.DataFrame) -> None:
    assert set(rows["kind"]) == {"receipt_linked"}
    assert not {"amount", "quantity", "lines"} & set(rows.columns)
