"""Segments of customers as profiles carry them for decisions: by rule, micro-segment and stage of life."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import duckdb

from orchestration.refresh.whose import EVERYBODY, Whose
from orchestration.warehouse import Warehouse
from serving.segment_definitions import LIFECYCLE
from serving.snapshot.records import FeatureValue
from serving.variables import MICRO_SEGMENT, RULE_SEGMENTS

Carried = dict[str, dict[str, FeatureValue]]

# Who refuses to be profiled is in no segment, and is told of by none.
PROFILED: Final = "select customer_id from marts.customer_consent where is_profiled and {among}"
RULES: Final = """
    select profiled.customer_id, string_agg(members.rule_segment, ',' order by members.rule_segment) as names
    from ({profiled}) as profiled
    left join {members} as members on profiled.customer_id = members.customer_id
    group by profiled.customer_id
"""
# With micro-segments that are too small: with another intent the same person may stand in a large one.
MICRO: Final = "select customer_id, micro_segment from ml.micro_segment where customer_id in ({profiled})"
STAGE: Final = "select customer_id, lifecycle from marts.dim_customer where customer_id in ({profiled})"
PUBLISHED_MICRO: Final = """
    select customer_id, micro_segment from marts.customer_segments where micro_segment is not null
"""
MEMBERS, PUBLISHED_MEMBERS = "ml.rule_segment_member", "marts.customer_rule_segments"
_TABLES: Final = "select table_schema || '.' || table_name from information_schema.tables"


def segments_now(warehouse: Warehouse, names: AbstractSet[str], whose: Whose = EVERYBODY) -> Carried:
    """By customer who may be profiled, what of `names` the warehouse knows; nothing where none is asked for."""
    profiled = PROFILED.format(among=whose.among("customer_id"))
    found: Carried = {}
    if RULE_SEGMENTS in names and warehouse.has_table(MEMBERS):
        _add(found, RULE_SEGMENTS, warehouse.rows(RULES.format(profiled=profiled, members=MEMBERS)))
    if MICRO_SEGMENT in names and warehouse.has_table("ml.micro_segment"):
        _add(found, MICRO_SEGMENT, warehouse.rows(MICRO.format(profiled=profiled)))
    if LIFECYCLE in names:
        _add(found, LIFECYCLE, warehouse.rows(STAGE.format(profiled=profiled)))
    return found


def published_segments(database: Path, names: AbstractSet[str], customer_id: str | None = None) -> Carried:
    """The same of one customer, or of all, from the published tables; there micro-segments are the large ones alone."""
    if not database.exists() or not names & {RULE_SEGMENTS, MICRO_SEGMENT, LIFECYCLE}:
        return {}
    profiled = "select customer_id from marts.dim_customer where consent_personalization"
    wanted = {
        RULE_SEGMENTS: (PUBLISHED_MEMBERS, RULES.format(profiled=profiled, members=PUBLISHED_MEMBERS)),
        MICRO_SEGMENT: ("marts.customer_segments", PUBLISHED_MICRO),
        LIFECYCLE: ("marts.dim_customer", STAGE.format(profiled=profiled)),
    }
    found: Carried = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        there = {str(row[0]) for row in connection.execute(_TABLES).fetchall()}
        for name, (table, sql) in wanted.items():
            if name in names and table in there:
                where = "" if customer_id is None else " where customer_id = ?"
                rows = connection.execute(
                    f"select * from ({sql}) as found{where}", [] if customer_id is None else [customer_id]
                )
                _add(found, name, rows.fetchall())
    return found


def _add(found: Carried, name: str, rows: Iterable[Sequence[object]]) -> None:
    for customer, value in rows:
        # In no segment is known as well; a customer without a row is not.
        known = "" if value is None and name == RULE_SEGMENTS else value
        found.setdefault(str(customer), {})[name] = None if known is None else str(known)
