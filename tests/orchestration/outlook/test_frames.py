"""Facts at a cut-off against plain Python over the same rows, and that the future changes none of them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from orchestration.outlook.frames import Outlook, outlook_at, outlook_history, segments_then, some_buyers
from orchestration.warehouse import Warehouse

AT = pd.Timestamp("2017-06-01")
HORIZON = 30


def purchases(seed: int = 11) -> pd.DataFrame:
    """Lines of eight customers over five months; some arrive days late."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(400):
        day = date(2017, 3, 1) + timedelta(days=int(random.integers(150)))
        product = int(random.integers(12))
        lines = int(random.integers(1, 4))
        rows.append(
            {
                "customer_id": f"c{random.integers(8)}",
                "product_id": f"p{product}",
                "category": f"k{product % 3}" if product else "unknown",
                "event_date": day,
                "received_date": day + timedelta(days=int(random.choice([0, 0, 0, 5]))),
                "n_lines": lines,
                "n_discounted_lines": int(random.integers(lines + 1)),
                "amount": 3.0,
                "list_amount": 4.0 * lines,
                "discount_amount": 1.0,
            }
        )
    keys = ["customer_id", "product_id", "event_date", "received_date"]
    return pd.DataFrame(rows).drop_duplicates(keys, ignore_index=True)


def asked(folder: Path, lines: pd.DataFrame) -> Outlook:
    folder.mkdir()
    warehouse = Warehouse(folder / "w.duckdb")
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.register("lines", lines)
        connection.execute("create schema intermediate").fetchall()
        connection.execute("create table intermediate.int_customer_purchase_daily as from lines").fetchall()
        connection.execute(
            "create table intermediate.int_customer_order_daily as select customer_id, event_date,"
            " min(received_date) as received_date, count(*) as n_orders from lines group by 1, 2"
        ).fetchall()
    nobody = pd.DataFrame({"customer_id": pd.Series(dtype=object), "segment": pd.Series(dtype="Int64")})
    return outlook_history(warehouse, {AT: nobody}, HORIZON, prices=True)


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return purchases()


@pytest.fixture(scope="module")
def found(lines: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Outlook:
    return asked(tmp_path_factory.mktemp("facts") / "all", lines)


def known(lines: pd.DataFrame) -> pd.DataFrame:
    at = AT.date()
    return lines.loc[(lines["event_date"] < at) & (lines["received_date"] < at)]


def test_days_gaps_and_the_next_day_are_counted(lines: pd.DataFrame, found: Outlook) -> None:
    first = lines.groupby(["customer_id", "event_date"])["received_date"].min().reset_index()
    for row in found.order_days.itertuples():
        mine = first.loc[first["customer_id"] == row.customer_id]
        before = sorted(mine.loc[(mine["event_date"] < AT.date()) & (mine["received_date"] < AT.date()), "event_date"])
        end = AT.date() + timedelta(days=HORIZON)
        after = sorted(mine.loc[(mine["event_date"] >= AT.date()) & (mine["event_date"] < end), "event_date"])
        closed = [day for day in after if (mine.set_index("event_date").loc[day, "received_date"]) < end]
        assert row.n_days == len(before)
        assert row.recency_days == (AT.date() - before[-1]).days
        assert row.mean_gap_days == pytest.approx((before[-1] - before[0]).days / (len(before) - 1))
        assert row.next_days == (closed[0] - AT.date()).days + 1


def test_own_lines_are_no_part_of_what_others_paid(lines: pd.DataFrame, found: Outlook) -> None:
    past = known(lines).assign(week=lambda rows: pd.to_datetime(rows["event_date"]).dt.to_period("W").astype(str))
    shares = past.groupby("category")[["n_discounted_lines", "n_lines"]].sum()
    category = shares["n_discounted_lines"] / shares["n_lines"]
    for row in found.prices.itertuples():
        usual = timed = 0.0
        for line in past.loc[past["customer_id"] == row.customer_id].itertuples():
            others = past.loc[(past["customer_id"] != row.customer_id) & (past["product_id"] == line.product_id)]
            share = (others["n_discounted_lines"].sum() + 20 * category[line.category]) / (others["n_lines"].sum() + 20)
            week = others.loc[others["week"] == line.week]
            usual += line.n_lines * share
            timed += line.n_lines * (week["n_discounted_lines"].sum() + 20 * share) / (week["n_lines"].sum() + 20)
        assert row.usual_lines == pytest.approx(usual, abs=1e-5)
        assert row.timed_lines == pytest.approx(timed, abs=1e-5)


def test_unknown_categories_are_nobodys_next(found: Outlook) -> None:
    assert "unknown" not in set(found.categories.bought["category"]) | set(found.categories.later["category"])
    assert found.categories.later["first_day"].min() >= AT


def test_what_came_after_the_horizon_changes_nothing(lines: pd.DataFrame, found: Outlook, tmp_path: Path) -> None:
    end = AT.date() + timedelta(days=HORIZON)
    cut = asked(tmp_path / "cut", lines.loc[(lines["event_date"] < end) & (lines["received_date"] < end)])
    pd.testing.assert_frame_equal(found.order_days, cut.order_days)
    pd.testing.assert_frame_equal(found.prices, cut.prices)
    for whole, part in zip(found.categories, cut.categories, strict=True):
        pd.testing.assert_frame_equal(whole, part)


def test_facts_now_see_no_later_day(lines: pd.DataFrame, found: Outlook, tmp_path: Path) -> None:
    asked(tmp_path / "now", known(lines))
    people = pd.DataFrame({"customer_id": ["c0", "c1", "nobody"], "segment": [1, None, None]})
    now = outlook_at(Warehouse(tmp_path / "now" / "w.duckdb"), AT.to_pydatetime(), people, 1)
    assert list(now.categories.customers["customer_id"]) == ["c0", "c1", "nobody"]
    both = found.prices.merge(now.prices, on="customer_id", suffixes=("_then", "_now"))
    assert len(both) == 2
    assert (both["timed_lines_then"] == both["timed_lines_now"]).all()


def test_without_a_segment_model_nobody_has_a_segment() -> None:
    assert segments_then(None, pd.DataFrame(), [AT])[AT].empty


def test_a_sample_of_buyers_is_the_one_whose_history_is_read(
    lines: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.outlook.frames.MOST_CUSTOMERS", 4)
    sampled = asked(tmp_path / "some", lines)
    warehouse = Warehouse(tmp_path / "some" / "w.duckdb")
    picked = warehouse.frame(
        "select distinct customer_id from intermediate.int_customer_purchase_daily "
        f"where event_date < date '2017-06-01' and received_date < date '2017-06-01' and {some_buyers(warehouse)}"
    )
    assert 0 < len(picked) < 8
    assert set(sampled.order_days["customer_id"]) == set(picked["customer_id"])
