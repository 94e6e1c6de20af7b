"""Bring learning up to the published facts: days that came out differently are compared row by row."""

from __future__ import annotations

from typing import Final

import duckdb

from orchestration.learning.credit import run
from orchestration.learning.origins import origin
from orchestration.learning.rows import exposure_rows, outcome_rows
from orchestration.learning.values import VALUE_ROWS

NEEDED: Final = {
    "fct_decision": {"experiment", "is_refused"},
    "fct_exposure": {"experiment", "is_refused"},
    "fct_outcome": {"outcome_id", "topic"},
    "fct_offer": {"assignment_id"},
    "dim_product": {"product_id", "cost"},
    "int_lake_in_facts": {"path", "as_of"},
}
EXPOSED = exposure_rows("marts.fct_exposure")
FOLLOWED = (
    f"{outcome_rows('marts.fct_outcome', 'marts.fct_offer', 'marts.fct_exposure')} union all by name {VALUE_ROWS}"
)
_FACTS: Final = (
    ("exposure", "shown_at", EXPOSED, "personalization_id"),
    ("outcome", "occurred_at", FOLLOWED, "outcome_id"),
)
BUILT: Final = "intermediate.int_lake_in_facts"
# Files as they were named before an erasure took events out of them, which makes no news.
BUILT_ORIGINS: Final = f"select {origin('path')} from {BUILT}"
_DAYS: Final = """
    create or replace temporary table day_now as
    select '{fact}' as fact, cast({moment} as date) as day, cast(sum(hash(said)) as hugeint) as fingerprint
    from ({rows}) as said group by all
"""
_OTHER_DAYS: Final = """
    create or replace temporary table other_{fact}_day as
    select coalesce(n.day, l.day) as day from day_now as n
    full outer join (select * from ml.learned_day where fact = '{fact}') as l on n.day = l.day
    where n.fingerprint is distinct from l.fingerprint
    union
    select cast({moment} as date) from ml.learned_{fact}
    where cast({moment} as date) not in (select day from ml.learned_day where fact = '{fact}')
"""
_INCOMING: Final = """
    insert into incoming_{fact} by name
    select * from ({rows}) as said where cast({moment} as date) in (select day from other_{fact}_day)
"""
# The published facts have the last word on what they were built from: of what stands they replace what came in earlier,
# and take out the rest. What they do not hold yet is told once more beside them, from the events that are kept of it.
_GONE: Final = """
    insert into gone_{fact}
    select {key} from ml.learned_{fact}
    where {key} in (select {key} from incoming_{fact})
        or cast({moment} as date) in (select day from other_{fact}_day)
"""
_LEARNED: Final = """
    delete from ml.learned_day where fact = '{fact}' and day in (select day from other_{fact}_day);
    insert into ml.learned_day
    select * from day_now where day in (select day from other_{fact}_day)
        and day not in (select event_date from ml.fresh_event)
"""


def has_facts(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether dbt has built the facts with the columns that are read here."""
    rows = connection.execute(
        "select table_name, list(column_name) from information_schema.columns"
        " where table_schema in ('marts', 'intermediate') group by 1"
    ).fetchall()
    found = {str(name): set(columns) for name, columns in rows}
    return all(columns <= found.get(name, set()) for name, columns in NEEDED.items())


def marker(connection: duckdb.DuckDBPyConnection) -> int:
    """A number that changes when dbt has built the facts again with other rows or from another moment."""
    parts = ", ".join(f"(select count(*) from marts.{name})" for name in ("fct_exposure", "fct_outcome"))
    built = f"(select count(*) from {BUILT}), (select max(as_of) from {BUILT})"
    found = connection.execute(f"select hash({built}, {parts})").fetchall()
    return int(found[0][0])


def stage_facts(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the rows of days that came out differently into the incoming and gone tables, and note the days."""
    for fact, moment, rows, key in _FACTS:
        words = {"fact": fact, "moment": moment, "rows": rows, "key": key}
        for sql in (_DAYS, _OTHER_DAYS, _INCOMING, _GONE, _LEARNED):
            run(connection, sql.format(**words))


def forget_built(connection: duckdb.DuckDBPyConnection) -> None:
    """Let go of events that were read early and that the facts hold by now."""
    # Kept by an older program, an event does not tell its file: what the facts lack is read again.
    run(connection, "delete from ml.learned_file where exists (select 1 from ml.fresh_event where path is null)")
    run(connection, f"delete from ml.fresh_event where path is null or {origin('path')} in ({BUILT_ORIGINS})")
    run(connection, f"delete from ml.learned_file where {origin('path')} in ({BUILT_ORIGINS})")
