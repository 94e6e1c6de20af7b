"""Conditions translated for the service mean what DuckDB means, or are left to the daily run with a reason."""

from __future__ import annotations

import re

import duckdb
import numpy as np
import pytest

from intake.paths import repository_root
from orchestration.catalogue import signals
from orchestration.segments.live import BatchOnlyError, definitions_of, followed, live_condition
from orchestration.segments.rules import RuleSegment, rule_segments
from serving.row_condition import columns_of, compiled
from serving.segment_definitions import COUNTED, SegmentDefinitions, counted_by
from serving.session.spec import shipped_spec

CONDITIONS = [
    "orders_30d >= 1 and product_views_7d > 3",
    "lifecycle in ('lapsing', 'lapsed') or not (recency_days between 3 and 10)",
    "intent is not null and coalesce(orders_30d, 0) + 1 > 1.5",
    "orders_30d <> -1 and not lifecycle = 'x' and lifecycle not in ('new')",
    "lifecycle is null or recency_days not between orders_30d and 5",
    "not (orders_30d > 1 or product_views_7d - orders_30d < 0) -- a remark",
    "intent = lifecycle or orders_30d in (1, 2.0, product_views_7d)",
]
COLUMNS = {"orders_30d": "bigint", "product_views_7d": "bigint", "recency_days": "bigint", "lifecycle": "varchar",
           "intent": "varchar"}  # fmt: skip


@pytest.mark.parametrize("where", CONDITIONS)
def test_a_translated_condition_holds_for_whom_it_holds_in_the_warehouse(where: str) -> None:
    draw = np.random.default_rng(7)
    numbers, texts = [None, -1, 0, 1, 2, 3, 4, 11], [None, "new", "lapsed", "x", "hot"]
    choices = [numbers if kind == "bigint" else texts for kind in COLUMNS.values()]
    rows = [tuple(some[draw.integers(len(some))] for some in choices) for _ in range(400)]
    described = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    with duckdb.connect() as connection:
        connection.execute(f"create table people ({described})").fetchall()
        connection.executemany(f"insert into people values ({', '.join('?' * len(COLUMNS))})", rows).fetchall()
        wanted = [found for (found,) in connection.execute(f"select ({where}\n) from people").fetchall()]
    judge = compiled(live_condition(where))
    assert [judge(dict(zip(COLUMNS, row, strict=True))) for row in rows] == wanted
    assert {True, False, None} & set(wanted) >= {True, False}


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("value_band = 'high' and lifecycle in ('lapsing', 'lapsed')", "it reads value_band"),
        ("spend_30d > 10 and orders_1d > 0", "it reads orders_1d, spend_30d"),
        ("round(orders_30d) > 1", "it uses round"),
        ("orders_30d / 2 > 1", "it uses /"),
        ("lifecycle like 'l%'", "it uses ~~"),
        ("cast(orders_30d as varchar) = '1'", "it uses cast"),
        ("orders_30d = '1'", "it compares values of different types"),
        ("orders_30d = null", "it compares with"),
        ("case when orders_30d > 1 then true else false end", "it uses case"),
    ],
)
def test_what_a_visit_does_not_know_stays_with_the_daily_run(where: str, why: str) -> None:
    with pytest.raises(BatchOnlyError, match=re.escape(why)):
        live_condition(where)
    assert followed(RuleSegment(name="own", description="x", where=where)).startswith(f"daily run: {why}")


def test_the_shipped_segments_are_what_the_page_says() -> None:
    found = definitions_of(rule_segments(repository_root() / "config")[0])
    assert found.conditions.keys() == {"recent_buyers_looking_again"}
    assert columns_of(found.conditions["recent_buyers_looking_again"]) == {"orders_30d", "product_views_7d"}
    assert SegmentDefinitions.decoded(found.encoded()).encoded() == found.encoded()


def test_a_visit_counts_what_the_warehouse_counts() -> None:
    sql = (repository_root() / "dbt_project/models/intermediate/daily/int_identifier_daily.sql").read_text()
    counted = {name: test for test, name in re.findall(r'count_if\("(.*?)"\) }} as n_(\w+)', sql)}
    views = re.search(r"event_type in \((.*?)\) as is_page_view", sql)
    assert views is not None
    spec = shipped_spec().by_name
    for name, feature in COUNTED.items():
        if name in ("orders", "sessions"):
            continue
        test = views[1] if counted[name] == "is_page_view" else counted[name]
        when = {word for tests in spec[feature].when for word in tests["event_type"].one_of}
        assert set(re.findall(r"'(\w+)'", test)) == when, name
    assert {signal.data_type for signal in signals() if counted_by(signal.name)} == {"bigint"}
    assert len([signal for signal in signals() if counted_by(signal.name)]) > 30
