"""A year of purchases by number tells what the rows themselves tell."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pandas as pd

from orchestration.purchase_ids import year_before

AT = date(2018, 1, 1)


def test_numbers_stand_for_the_purchases_of_the_year_that_were_known() -> None:
    rows = [
        ("c2", "p1", "tea", 1, 1),
        ("c1", "p9", "tea", 365, 300),
        ("c1", "p9", "gifts", 20, 20),
        ("c1", "p9", "tea", 366, 300),
        ("c3", "p2", "tea", 0, 0),
        ("c4", "p3", "tea", 5, -2),
    ]
    lines = pd.DataFrame(
        [
            (who, what, kind, AT - timedelta(days=ago), AT - timedelta(days=known), at)
            for at, (who, what, kind, ago, known) in enumerate(rows)
        ],
        columns=["customer_id", "product_id", "category", "event_date", "received_date", "n_lines"],
    )
    with duckdb.connect() as connection:
        connection.register("lines", lines)
        connection.execute("create temp table purchase_day as from lines").fetchall()
        customers, items, found = year_before(connection, AT, ", n_lines")
    assert customers.tolist() == ["c1", "c2"]
    assert items.to_numpy().tolist() == [["p1", "tea"], ["p9", "gifts"], ["p9", "tea"]]
    told = {
        (customers[who], *items.iloc[item].tolist(), int(ago), int(n))
        for who, item, ago, n in zip(
            *(found[name] for name in ("customer", "item", "days_ago", "n_lines")), strict=True
        )
    }
    assert told == {("c2", "p1", "tea", 1, 0), ("c1", "p9", "tea", 365, 1), ("c1", "p9", "gifts", 20, 2)}
