"""Who is in which segment by rule, and since when everybody has been where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import duckdb

from orchestration.segments.columns import PEOPLE_SQL
from orchestration.segments.rules import RuleSegment
from orchestration.warehouse import Warehouse
from orchestration.warehouse_migration import bring_up_to_date

# Micro-segments are left out: one in ten changes with every week's visits, and the history would be of visits.
NOW_SQL: Final = """
    create or replace temporary table now_in as
    select customer_id, 'persona' as kind, cast(persona_id as varchar) as segment
    from ml.segment_assignment where persona_id >= 0
    union all
    select customer_id, 'rule' as kind, rule_segment as segment from ml.rule_segment_member
"""
# Of who is profiled no longer, nothing is kept: neither where they are nor where they were.
FORGET_SQL: Final = """
    delete from ml.segment_history
    where customer_id not in (select customer_id from marts.customer_consent where is_profiled)
"""
# Back on the day of leaving is not having left.
REOPEN_SQL: Final = """
    update ml.segment_history as past set left_on = null
    from now_in
    where past.left_on = ? and past.customer_id = now_in.customer_id and past.kind = now_in.kind
        and past.segment = now_in.segment
"""
LEAVE_SQL: Final = """
    update ml.segment_history as past set left_on = ?
    where past.left_on is null and not exists (
        select 1 from now_in
        where past.customer_id = now_in.customer_id and past.kind = now_in.kind and past.segment = now_in.segment
    )
"""
ENTER_SQL: Final = """
    insert into ml.segment_history (customer_id, kind, segment, entered_on, left_on)
    select now_in.customer_id, now_in.kind, now_in.segment, cast(? as date), null
    from now_in left join ml.segment_history as past
        on past.customer_id = now_in.customer_id and past.kind = now_in.kind and past.segment = now_in.segment
            and past.left_on is null
    where past.customer_id is null
"""


MEMBERS_SQL: Final = f"select customer_id, ? as rule_segment from ({PEOPLE_SQL}) as people where "


def write_members(warehouse: Warehouse, rules: Sequence[RuleSegment], keep: Sequence[str] = ()) -> dict[str, str]:
    """Replace the members of rule segments by those for whom the condition holds today.

    Args:
        warehouse: with today's features.
        rules: segments whose conditions were checked.
        keep: names of segments whose file is wrong at the moment: their members stay, but those who refused profiling.

    Returns:
        By name what went wrong with today's data (a text that is no number, say); such members stay as well.
    """
    with warehouse.connect() as connection:
        bring_up_to_date(connection)
        connection.execute("create temporary table found (customer_id varchar, rule_segment varchar)").fetchall()
        failed: dict[str, str] = {}
        for rule in rules:
            try:
                connection.execute(f"insert into found {MEMBERS_SQL} ({rule.where}\n)", [rule.name]).fetchall()
            except duckdb.Error as error:
                failed[rule.name] = str(error).splitlines()[0]
        connection.execute("BEGIN").fetchall()
        connection.execute(
            "delete from ml.rule_segment_member where not list_contains(?::varchar[], rule_segment)"
            " or customer_id not in (select customer_id from marts.customer_consent where is_profiled)",
            [[*keep, *failed]],
        ).fetchall()
        connection.execute("insert into ml.rule_segment_member select customer_id, rule_segment from found").fetchall()
        connection.execute("COMMIT").fetchall()
    return failed


def members(warehouse: Warehouse) -> dict[str, int]:
    """Customers by rule segment."""
    rows = warehouse.rows("select rule_segment, count(*) from ml.rule_segment_member group by 1 order by 1")
    return {str(name): int(str(count)) for name, count in rows}


def note_history(warehouse: Warehouse, day: date) -> dict[str, int]:
    """Bring the history up to today's members: customers who entered and left on `day`; may be repeated."""
    with warehouse.connect() as connection:
        bring_up_to_date(connection)
        connection.execute("BEGIN").fetchall()
        connection.execute(FORGET_SQL).fetchall()
        connection.execute(NOW_SQL).fetchall()
        for statement in (REOPEN_SQL, LEAVE_SQL, ENTER_SQL):
            connection.execute(statement, [day]).fetchall()
        connection.execute("COMMIT").fetchall()
        return {side: _count(connection, side, day) for side in ("entered_on", "left_on")}


def _count(connection: duckdb.DuckDBPyConnection, side: str, day: date) -> int:
    return int(connection.execute(f"select count(*) from ml.segment_history where {side} = ?", [day]).fetchall()[0][0])
