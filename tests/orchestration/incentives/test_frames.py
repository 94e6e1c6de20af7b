"""What was known before each offer, against plain Python, and that neither the future nor who refused is in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from orchestration.incentives.facts import FEATURES
from orchestration.incentives.frames import past_offers, people_now
from orchestration.warehouse import Warehouse

START = date(2017, 1, 1)
PURPOSES = (
    "is_profiled", "profiling_price", "marketing_email", "marketing_sms", "marketing_push", "marketing_phone",
    "marketing_post", "marketing_ads",
)  # fmt: skip


def activity(seed: int = 5) -> pd.DataFrame:
    """Days of six customers over four months; some arrive a week late."""
    random = np.random.default_rng(seed)
    day = random.integers(0, 120, 400)
    orders = random.integers(0, 3, 400)
    return pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in random.integers(0, 6, 400)],
            "event_date": [START + timedelta(days=int(n)) for n in day],
            "received_date": [START + timedelta(days=int(n)) for n in day + random.choice([0, 0, 0, 7], 400)],
            "n_orders": orders,
            "n_store_orders": np.minimum(orders, 1),
            "n_weekend_orders": 0,
            "order_amount": orders * 10.25,
            "discount_amount": orders * random.integers(0, 3, 400) * 0.5,
            "n_coupons": random.integers(0, 2, 400),
            "n_sessions": random.integers(0, 3, 400),
            "n_product_views": random.integers(0, 9, 400),
            "n_cart_adds": random.integers(0, 2, 400),
        }
    )


def offers() -> pd.DataFrame:
    """Ninety offers to seven customers, the last of whom was never seen; the last thirty have no outcome."""
    random = np.random.default_rng(2)
    at = [datetime(2017, 2, 1) + timedelta(hours=int(n)) for n in np.sort(random.integers(0, 1_900, 90))]  # noqa: DTZ001
    return pd.DataFrame(
        {
            "assignment_id": [f"a{n:03d}" for n in range(90)],
            "customer_id": [f"c{n}" for n in random.integers(0, 7, 90)],
            "placement": "till",
            "arm": random.choice(["none", "gift"], 90),
            "propensity": 0.5,
            "assigned_at": at,
            "is_converted": [True, False] * 30 + [None] * 30,
            "margin_amount": [2.5, 0.0] * 30 + [None] * 30,
        }
    )


def warehouse(folder: Path, days: pd.DataFrame) -> Warehouse:
    folder.mkdir()
    found = Warehouse(folder / "w.duckdb")
    consent = pd.DataFrame([dict.fromkeys(PURPOSES, True) | {"customer_id": f"c{n}"} for n in range(7)])
    consent.loc[1, "is_profiled"] = False
    consent.loc[2, "profiling_price"] = False
    consent.loc[3, [name for name in PURPOSES if name.startswith("marketing")]] = False
    consent.loc[4, ["marketing_email", "marketing_ads"]] = False
    with duckdb.connect(str(found.path)) as connection:
        for schema in ("intermediate", "marts", "ops"):
            connection.execute(f"create schema {schema}").fetchall()
        for name, frame in (("consent", consent), ("days", days), ("offers", offers())):
            connection.register(name, frame)
        for table, sql in (
            ("intermediate.int_customer_activity_daily", "select * from days"),
            ("marts.customer_consent", "select * from consent"),
            ("marts.dim_customer", "select customer_id from consent"),
            ("marts.fct_offer", "select * replace (cast(is_converted as boolean) as is_converted) from offers"),
            ("ops.run_context", "select timestamp '2017-05-01' as as_of"),
            (
                "marts.fct_decision",
                "select * from (values ('d1', 'c0', 'till', 'gift', 0.4, timestamp '2017-03-01', '[\"gift\",\"none\"]',"
                " false), ('d2', 'c0', 'till', 'none', 1.0, timestamp '2017-03-02', '[\"none\"]', false)) as t("
                "personalization_id, customer_id, placement, action, propensity, decided_at, eligible, is_bot)",
            ),
            ("marts.fct_exposure", "select personalization_id from marts.fct_decision"),
            (
                "marts.fct_outcome",
                "select personalization_id as assignment_id, true as is_converted, 1.5 as margin_amount"
                " from marts.fct_decision",
            ),
        ):
            connection.execute(f"create table {table} as {sql}").fetchall()
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return warehouse(tmp_path_factory.mktemp("incentives") / "all", activity())


def by_hand(days: pd.DataFrame, customer: str, at: date) -> dict[str, float]:
    mine = days[(days["customer_id"] == customer) & (days["event_date"] < at) & (days["received_date"] < at)]
    if mine.empty:
        return dict.fromkeys(FEATURES, np.nan)
    age = np.array([(at - day).days for day in mine["event_date"]])
    recent = mine[age <= 91]
    orders, amount, cut = (float(mine[name].sum()) for name in ("n_orders", "order_amount", "discount_amount"))
    ordered = age[mine["n_orders"].to_numpy() > 0]
    return {
        "orders_365d": orders,
        "orders_91d": float(recent["n_orders"].sum()),
        "basket_amount": amount / orders if orders else np.nan,
        "discount_share": cut / (amount + cut) if amount + cut else np.nan,
        "store_share": float(mine["n_store_orders"].sum()) / orders if orders else np.nan,
        "weekend_share": 0.0 if orders else np.nan,
        "coupons_365d": float(mine["n_coupons"].sum()),
        "sessions_91d": float(recent["n_sessions"].sum()),
        "product_views_91d": float(recent["n_product_views"].sum()),
        "cart_adds_91d": float(recent["n_cart_adds"].sum()),
        "recency_days": float(ordered.min()) if len(ordered) else np.nan,
        "tenure_days": float(age.max()),
    }


def test_each_offer_has_what_was_known_at_the_midnight_before_it(house: Warehouse) -> None:
    found, days = past_offers(house), activity()
    given = offers()
    kept = given[given["customer_id"] != "c1"].reset_index(drop=True)
    logged = found[found["propensity"] == 0.5].reset_index(drop=True)
    assert logged["customer_id"].tolist() == kept["customer_id"].tolist()
    for place in range(0, len(kept), 4):
        expected = by_hand(days, kept["customer_id"][place], kept["assigned_at"][place].date())
        told = logged.loc[place, list(FEATURES)].astype(float).to_dict()
        assert told == pytest.approx(expected, nan_ok=True), kept.loc[place].to_dict()


def test_decisions_count_only_where_every_action_could_be_drawn(house: Warehouse) -> None:
    found = past_offers(house)
    shown = found[found["margin_amount"] == 1.5]
    assert shown[["arm", "propensity"]].to_numpy().tolist() == [["gift", 0.4]]


def test_the_future_changes_nothing(house: Warehouse, tmp_path: Path) -> None:
    days = activity()
    early = days[days["event_date"] < date(2017, 3, 1)]
    before, after = past_offers(house), past_offers(warehouse(tmp_path / "early", early))
    first = (offers().query("customer_id != 'c1'")["assigned_at"] < datetime(2017, 3, 1)).sum()  # noqa: DTZ001
    assert first > 20
    pd.testing.assert_frame_equal(before.iloc[:first], after.iloc[:first])


def test_only_who_agreed_to_price_profiling_and_marketing_is_scored(house: Warehouse) -> None:
    found = people_now(house, datetime(2017, 4, 20, tzinfo=UTC))
    assert found["customer_id"].tolist() == ["c0", "c4", "c5", "c6"]
    told = found.loc[1, list(FEATURES)].astype(float).to_dict()
    assert told == pytest.approx(by_hand(activity(), "c4", date(2017, 4, 20)), nan_ok=True)
    assert found.loc[3, list(FEATURES)].isna().all()
