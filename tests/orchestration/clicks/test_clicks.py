"""Who teaches the click model, and the rows that are written of it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ml.clicks import EVERYBODY, ClickModel
from orchestration.clicks.effects import TABLE, NamedClicks, effect_rows
from orchestration.clicks.frames import items_shown
from orchestration.model_registry import ModelCard, StoredModel
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import source_table

TABLES = """
    create schema ops; create schema marts; create schema intermediate;
    create table ops.run_context as select timestamp '2018-01-02 12:00:00' as as_of;
    create table intermediate.int_sensitive_categories as select 'health' as category;
    create table marts.customer_consent as
    select * from (values ('ann', true), ('bo', false)) as t (customer_id, is_profiled);
    create table marts.fct_impression as
    select list_view_id, item_number, customer_id, cast(shown_at as timestamp) as shown_at, category,
        item_number as position, item_number = 1 as is_clicked, 'slim' as fit, 'red' as colour, 'Berg' as brand,
        'low' as price_band
    from (values ('late', 1, 'ann', '2018-01-02 11:40:00', 'lamps'), ('b', 2, 'ann', '2018-01-02 11:20:00', 'health'),
        ('b', 1, 'ann', '2018-01-02 11:20:00', 'lamps'), ('a', 1, 'bo', '2018-01-01 10:00:00', 'lamps'),
        ('c', 1, null, '2018-01-01 10:00:00', 'lamps'), ('d', 1, 'ann', '2018-01-01 10:00:00', null))
        as t (list_view_id, item_number, customer_id, shown_at, category)
"""


def test_lists_of_who_may_be_profiled_teach_once_their_clicks_are_in(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for statement in TABLES.split(";"):
            connection.execute(statement).fetchall()
    shown = items_shown(Warehouse(tmp_path / "warehouse.duckdb"), None)
    assert shown[["list_view", "position"]].to_numpy().tolist() == [["d", 1], ["b", 1], ["b", 2]]
    assert shown["category"].fillna("unknown").tolist() == ["unknown", "lamps", "unknown"]
    assert shown["is_clicked"].tolist() == [True, True, False]
    assert shown["segment"].isna().all()


@pytest.mark.parametrize(("segment", "name"), [(EVERYBODY, EVERYBODY), ("3", "Weekly"), ("9", "9")])
def test_rows_have_the_columns_of_the_table_and_the_names_of_the_segments(segment: str, name: str) -> None:
    row = {
        "segment": segment, "attribute": "fit", "attribute_rank": 1, "attribute_strength": 0.3, "level": "slim",
        "effect": 0.2, "low": 0.1, "high": 0.3, "items_shown": 400, "clicks": 40, "is_beyond_noise": True,
    }  # fmt: skip
    files = NamedClicks(ClickModel([row], {}, {}, 400), {"3": "Weekly"}).files()
    assert json.loads(files["segments.json"]) == {"3": "Weekly"}
    card = ModelCard("clicks", "v1", "", "", [], [], None, {}, "", "", 400)
    rows = effect_rows(StoredModel(card, files), pd.Timestamp("2018-01-02"))
    assert tuple(rows.columns) == source_table(TABLE).column_names
    assert rows.to_dict("records") == [
        {**row, "segment_name": name, "as_of": pd.Timestamp("2018-01-02"), "model_version": "v1"}
    ]
