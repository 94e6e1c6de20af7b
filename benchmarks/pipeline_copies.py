"""A built warehouse, made several times as large: copies of every row under other keys and on earlier days.

What an hourly run does with a long history costs a long first build to find out. A copy has the rows, the columns and
the distributions of the original; it only belongs to other people, and lies before it.
"""

from __future__ import annotations

from typing import Final

import duckdb

from intake.ops_store import OpsStore
from ml.identity import IdentityRules
from orchestration.identity.changes import remember_seen, touch
from orchestration.identity.evidence import gather
from orchestration.pin import lake_frame
from orchestration.warehouse import Warehouse

SCHEMAS: Final = ("staging", "intermediate", "identity", "marts", "ml")
# Ids made of an anchor's key: 'c' and fifteen hexadecimal digits.
PEOPLE: Final = ("customer_id", "canonical_id", "survivor_id", "other_id", "redirect_to")
TEXT_IDS: Final = (
    "event_id", "session_id", "order_id", "refund_id", "outcome_id", "outcome_key", "value_hash", "personalization_id",
)  # fmt: skip
# What belongs to the run and not to the row.
KEPT: Final = ("as_of", "loaded_at", "closed_at", "lake_path")


def multiply(warehouse: Warehouse, ops: OpsStore, rules: IdentityRules, copies: int, days: int) -> int:
    """Add `copies` of all rows, each `days` days before the one before it; returns the events there are then."""
    with warehouse.connect() as connection:
        for address, columns in _tables(connection).items():
            original = f"create or replace temporary table original as from {address}"
            connection.execute(original).fetchall()
            for copy in range(1, copies + 1):
                chosen = ", ".join(_moved(name, kind, copy, days) for name, kind in columns)
                connection.execute(f"insert into {address} select {chosen} from original").fetchall()
        connection.execute("drop table original").fetchall()
        found = connection.execute("select count(*) from staging.stg_events").fetchall()
        # The ledger has resolved the copies as well: its note of what it has seen is made anew.
        gather(connection)
        touch(connection, rules, full=True)
        remember_seen(connection)
    _list_files(warehouse, ops, copies, days)
    return int(found[0][0])


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    marks = ", ".join("?" * len(SCHEMAS))
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        f" where schema_name in ({marks}) and not internal and table_oid in (select table_oid from duckdb_tables())"
        " order by 1, column_index",
        [*SCHEMAS],
    ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for address, column, kind in rows:
        found.setdefault(str(address), []).append((str(column), str(kind)))
    return found


def _moved(name: str, kind: str, copy: int, days: int) -> str:
    """The expression of a column in a copy."""
    mask = copy << 52
    if name in KEPT:
        return f'"{name}"'
    if name in PEOPLE:
        return f"printf('c%015x', xor(cast('0x' || substr(\"{name}\", 2) as bigint), {mask}))"
    if name in TEXT_IDS:
        return f"'{copy}-' || \"{name}\""
    if name.endswith("_key") and kind == "BIGINT":
        return f'xor("{name}", {mask})'
    if kind in ("DATE", "TIMESTAMP"):
        sentinel = f"\"{name}\" < timestamp '1900-01-01' or \"{name}\" > timestamp '2100-01-01'"
        return f'case when {sentinel} then "{name}" else cast("{name}" - interval {copy * days} day as {kind}) end'
    return f'"{name}"'


def _list_files(warehouse: Warehouse, ops: OpsStore, copies: int, days: int) -> None:
    """The copies' days in the lake's list; nothing reads their files, since nothing touches their days."""
    with ops.transaction() as connection:
        columns = [str(row["name"]) for row in ops.rows("select name from pragma_table_info('lake_file')")]
        for copy in range(1, copies + 1):
            chosen = ", ".join(_listed(name, copy, days) for name in columns)
            original = "from lake_file where path not like 'copy%'"
            connection.execute(f"insert into lake_file ({', '.join(columns)}) select {chosen} {original}")
    warehouse.replace({"ops.lake_file": lake_frame(ops.visible_files())})


def _listed(name: str, copy: int, days: int) -> str:
    if name == "path":
        return f"'copy{copy}/' || path"
    if name == "event_date":
        return f"date(event_date, '-{copy * days} days')"
    return name
