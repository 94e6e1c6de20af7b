"""An order that follows a visit whose window is still open belongs to that visit, not to one before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from orchestration.offpolicy.rewards import exposures
from tests.orchestration.month import empty_warehouse

DAY = timedelta(days=1)
BEGAN = datetime(2018, 1, 1, 12, tzinfo=UTC)


def add(connection: duckdb.DuckDBPyConnection, table: str, **fields: object) -> None:
    connection.register("more", pd.DataFrame({name: [value] for name, value in fields.items()}))
    connection.execute(f"insert into marts.{table} by name select * from more")


def test_an_order_after_a_visit_that_is_not_judged_yet_is_nobody_elses(tmp_path: Path) -> None:
    empty_warehouse.make(tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for name, at in (("old", BEGAN), ("new", BEGAN + 8 * DAY)):
            add(
                connection,
                "fct_exposure",
                personalization_id=name,
                customer_id="ann",
                shown_at=at.replace(tzinfo=None),
                placement="banner",
                action="one",
                is_bot=False,
                is_refused=False,
            )
        for name, at, margin in (("o1", BEGAN + DAY, 3.0), ("o2", BEGAN + 8.5 * DAY, 50.0)):
            add(
                connection,
                "fct_outcome",
                outcome_id=name,
                kind="order",
                customer_id="ann",
                order_id=name,
                occurred_at=at.replace(tzinfo=None),
                margin_amount=margin,
                is_refused=False,
            )
        found = exposures(connection, "banner", BEGAN + 9 * DAY, 30, 9 * 24)
    assert found["personalization_id"].tolist() == ["old"]
    assert found["margin"].tolist() == [3.0]


def test_what_comes_back_is_taken_off_a_report_and_a_loss_is_not_given_back(tmp_path: Path) -> None:
    empty_warehouse.make(tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for name, margin in (("good", 10.0), ("loss", -10.0)):
            who = {"customer_id": name, "is_refused": False}
            add(
                connection,
                "fct_exposure",
                personalization_id=name,
                shown_at=BEGAN.replace(tzinfo=None),
                placement="banner",
                action="one",
                is_bot=False,
                **who,
            )
            money = {"order_id": name, "occurred_at": (BEGAN + DAY).replace(tzinfo=None), **who}
            told = {"personalization_id": name, "margin_amount": 8.0}
            add(connection, "fct_outcome", outcome_id=f"o-{name}", kind="order", revenue_amount=100.0,
                margin_amount=margin, **money)  # fmt: skip
            add(connection, "fct_outcome", outcome_id=f"r-{name}", kind="report", **told, **money)
            add(connection, "fct_outcome", outcome_id=f"b-{name}", kind="refund", revenue_amount=-50.0, **money)
        found = exposures(connection, "banner", BEGAN + 9 * DAY, 30, 48)
    assert dict(zip(found["personalization_id"], found["margin"], strict=True)) == {"good": 3.0, "loss": 8.0}
