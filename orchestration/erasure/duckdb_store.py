"""Erasure in DuckDB files: rows about the people go from every table, then the file is packed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from intake.atomic_file import sync
from intake.values import flat
from orchestration.erasure.matching import Matcher
from orchestration.erasure.scope import Scope

# What bookkeeping keeps: the row stays, and belongs to nobody.
ANONYMOUS = {("marts", "fct_order"): "customer_id", ("marts", "fct_refund"): "customer_id"}
EVENT_COLUMNS = frozenset({"event_id", "personalization_id", "assignment_id", "refund_id", "first_event_id"})
# A visit's features stand beside no identifier: they go with the last event of the visit.
VISITS, VISIT_EVENTS = ("intermediate", "int_session_features"), ("intermediate", "int_events")
_INTEGERS = ("BIGINT", "HUGEINT", "UBIGINT")
_BATCH_ROWS = 1 << 16
ROW = "row_of_table"


@dataclass(frozen=True)
class Column:
    """A column and its type as DuckDB names it."""

    name: str
    type: str

    @property
    def quoted(self) -> str:
        """The name as an SQL identifier."""
        return '"' + self.name.replace('"', '""') + '"'


Address = tuple[str, str]


def erase_file(file: Path, scope: Scope, then: Callable[[duckdb.DuckDBPyConnection], None] | None = None) -> int:
    """Take the people out of a database file, which is replaced in one step; rows that went.

    Args:
        then: what else to write before the file is packed.
    """
    if not file.exists():
        return 0
    names = Names(scope)
    with closing(duckdb.connect(str(file))) as connection:
        connection.execute("set TimeZone = 'UTC'").fetchall()
        gone = sum(purge(connection, address, names) for address in base_tables(connection))
        gone += _empty_visits(connection)
        if then is not None:
            then(connection)
        connection.execute("checkpoint").fetchall()
    pack(file)
    forget_spilled(file)
    return gone


class Names:
    """What names the people of a scope in a table."""

    def __init__(self, scope: Scope) -> None:
        self.matcher = Matcher(scope)
        self.keys = pa.array(sorted(scope.keys), pa.int64())
        self.events = pa.array(sorted(scope.event_ids), pa.string())
        self.customers = pa.array(sorted(scope.tokens), pa.string())

    def rows(self, name: str, column: pa.Array) -> Sequence[int]:
        """Which cells of a column name them: a key in whole numbers, anything of theirs in text."""
        if pa.types.is_integer(column.type):
            return _true(pc.is_in(column, value_set=self.keys))
        found = self.matcher.rows_named(column)
        if name in EVENT_COLUMNS and len(self.events):
            found.update(_true(pc.is_in(column, value_set=self.events)))
        return sorted(found)


def _true(mask: pa.Array) -> list[int]:
    found: list[int] = pc.indices_nonzero(mask).to_pylist()
    return found


def base_tables(connection: duckdb.DuckDBPyConnection) -> list[Address]:
    """Every table that holds rows, of the connection's own database."""
    rows = connection.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_type = 'BASE TABLE' and table_catalog = current_database()"
        " order by 1, 2"
    ).fetchall()
    return [(str(schema), str(name)) for schema, name in rows]


def columns_of(connection: duckdb.DuckDBPyConnection, address: Address) -> list[Column]:
    """Names and types of a table's columns."""
    rows = connection.execute(f"describe {_quoted(address)}").fetchall()
    return [Column(str(row[0]), str(row[1])) for row in rows]


def purge(connection: duckdb.DuckDBPyConnection, address: Address, names: Names) -> int:
    """Rows about them go from one table; orders and refunds lose their customer instead."""
    table = _quoted(address)
    anonymous = ANONYMOUS.get(address)
    if anonymous is not None:
        connection.register("erased_customer", pa.table({"name": names.customers}))
        connection.execute(
            f'update {table} set "{anonymous}" = null where "{anonymous}" in (select name from erased_customer)'
        ).fetchall()
        connection.unregister("erased_customer")
    kept = {"order_id"} | (EVENT_COLUMNS if anonymous else set())
    columns = [column for column in columns_of(connection, address) if column.name not in kept]
    rows = pa.array(sorted({row for _, row in mentions(connection, table, columns, "rowid", names)}), pa.int64())
    if not len(rows):
        return 0
    connection.register("erased_row", pa.table({"row": rows}))
    gone = connection.execute(f"delete from {table} where rowid in (select row from erased_row)").fetchall()
    connection.unregister("erased_row")
    return int(gone[0][0])


def _empty_visits(connection: duckdb.DuckDBPyConnection) -> int:
    if not {VISITS, VISIT_EVENTS} <= set(base_tables(connection)):
        return 0
    known = f"select session_id from {_quoted(VISIT_EVENTS)} where session_id is not null"
    gone = connection.execute(f"delete from {_quoted(VISITS)} where session_id not in ({known})").fetchall()
    return int(gone[0][0])


def mentions(
    connection: duckdb.DuckDBPyConnection, source: str, columns: Sequence[Column], row: str, names: Names
) -> Iterator[tuple[str, int]]:
    """(column, row) of the cells of a table that name them, in one reading of the columns that could.

    Args:
        connection: of the table.
        source: a table or view as it stands in SQL.
        columns: the columns to look into.
        row: what numbers a row, in SQL.
        names: whom to look for.
    """
    longest = _longest(connection, source, columns)
    asked = [
        f"{cell} as {column.quoted}"
        for column in columns
        if (cell := cell_of(column))
        and (longest.get(column.name, names.matcher.shortest) >= names.matcher.shortest or column.name in EVENT_COLUMNS)
    ]
    if not asked:
        return
    query = f"select {row} as {ROW}, {', '.join(asked)} from {source}"
    for rows in _large(connection.sql(query).to_arrow_reader(_BATCH_ROWS)):
        for name in rows.column_names[1:]:
            for at in names.rows(name, flat(rows.column(name))):
                yield name, int(rows.column(0)[at].as_py())


def _large(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """A few large batches: small files come in batches of their own."""
    batches: list[pa.RecordBatch] = []
    held = 0
    for batch in reader:
        batches.append(batch)
        held += batch.num_rows
        if held >= _BATCH_ROWS:
            yield pa.Table.from_batches(batches)
            batches, held = [], 0
    if batches:
        yield pa.Table.from_batches(batches)


def cell_of(column: Column) -> str:
    """A cell as it is read: a whole number, or text and binary content, also inside of lists and records, as one text.

    Empty for a column of a type that can name nobody.
    """
    if column.type in ("VARCHAR", "BLOB"):
        return column.quoted
    if column.type in _INTEGERS:
        return f"try_cast({column.quoted} as bigint)"
    has_text = any(word in column.type for word in ("VARCHAR", "JSON", "ENUM", "UUID", "BLOB", "UNION"))
    return f"cast({column.quoted} as varchar)" if has_text else ""


def _longest(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]) -> dict[str, int]:
    """Bytes of the longest text of each column of a stored table, as far as its statistics tell."""
    texts = [column for column in columns if column.type == "VARCHAR"]
    if not texts:
        return {}
    asked = ", ".join(f"stats({column.quoted})" for column in texts)
    told = connection.execute(f"select {asked} from {table} limit 1").fetchall()
    known = zip(texts, told[0], strict=True) if told else []
    return {
        column.name: int(said["max_string_length"])
        for column, said in known
        if isinstance(said, dict) and said.get("max_string_length") is not None
    }


def in_memory(beside: Path) -> duckdb.DuckDBPyConnection:
    """A database without a file; what does not fit into memory lies beside a file and not where the command began."""
    return duckdb.connect(config={"temp_directory": f"{beside}.tmp"})


def forget_spilled(file: Path) -> None:
    """Remove what a killed process left beside a database file of queries that did not fit into memory."""
    for left in file.parent.glob(f"*{file.name}*.tmp"):
        if left.is_dir():
            shutil.rmtree(left)


def pack(file: Path) -> None:
    """Write a database file again, so that no freed page keeps what was deleted, and replace it in one step."""
    draft = file.with_name(f".{file.name}.packing")
    for left in (draft, draft.with_name(f"{draft.name}.wal")):
        left.unlink(missing_ok=True)
    with closing(in_memory(draft)) as connection:
        for name, path, mode in (("old", file, " (read_only)"), ("new", draft, "")):
            connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {name}{mode}").fetchall()
        connection.execute("copy from database old to new").fetchall()
        connection.execute("checkpoint new").fetchall()
        connection.execute("detach new").fetchall()
    sync(draft)
    draft.replace(file)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
    sync(file.parent)


def _quoted(address: Address) -> str:
    return f'"{address[0]}"."{address[1]}"'
