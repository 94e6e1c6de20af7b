"""Erasure in DuckDB files: rows about the people go from every table, then the file is packed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from intake.atomic_file import sync
from orchestration.erasure.matching import telling_words
from orchestration.erasure.scope import Scope

# What bookkeeping keeps: the row stays, and belongs to nobody.
ANONYMOUS = {("marts", "fct_order"): "customer_id", ("marts", "fct_refund"): "customer_id"}
EVENT_COLUMNS = frozenset({"event_id", "personalization_id", "assignment_id", "refund_id", "first_event_id"})
# A cell longer than a customer id may have one inside: JSON, a sentence, a URL; a column of hashes has not.
LONGEST_ID, HASH_LENGTH = 17, 32
FEW_NAMES = 300
_INTEGERS = ("BIGINT", "HUGEINT", "UBIGINT")
_WORDS = "regexp_extract_all(lower(cast({cell} as varchar)), '[^ ,;|\\t\\n\"''<>(){{}}\\[\\]=&?#\\\\:]{{3,}}')"
_RUNS = "regexp_extract_all(cast({cell} as varchar), '[0-9a-f]{{15,}}|[0-9]{{12,19}}')"


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
    with closing(duckdb.connect(str(file))) as connection:
        connection.execute("set TimeZone = 'UTC'").fetchall()
        names = load_names(connection, scope)
        gone = sum(purge(connection, address, names) for address in base_tables(connection))
        if then is not None:
            then(connection)
        connection.execute("checkpoint").fetchall()
    pack(file)
    return gone


@dataclass(frozen=True)
class Names:
    """What names them, as the right side of `in`: a list where there are few, else a query."""

    tokens: str
    keys: str
    events: str
    inside: str
    words: str


def load_names(connection: duckdb.DuckDBPyConnection, scope: Scope) -> Names:
    """Tokens (hashes, customer ids), integer keys, ids of events, what stands inside of text, and words in clear."""
    inside = {*scope.hashes, *scope.customer_ids, *(f"{key:015x}" for key in scope.keys), *map(str, scope.keys)}
    return Names(
        _names(connection, "erased_token", sorted(scope.tokens)),
        _names(connection, "erased_key", sorted(scope.keys)),
        _names(connection, "erased_event", sorted(scope.event_ids)),
        _names(connection, "erased_inside", sorted(inside)),
        _names(connection, "erased_word", telling_words(scope)) if telling_words(scope) else "",
    )


def _names(connection: duckdb.DuckDBPyConnection, table: str, values: Sequence[str] | Sequence[int]) -> str:
    # A list is tested in the scan itself; a join for each of a hundred columns takes a second to plan.
    if len(values) <= FEW_NAMES:
        return "(" + ", ".join(_literal(value) for value in values or [""]) + ")"
    column = pd.Series(values, dtype="int64" if isinstance(values[0], int) else "object")
    connection.register("incoming_names", pd.DataFrame({"name": column}))
    connection.execute(f"create or replace temporary table {table} as select name from incoming_names").fetchall()
    connection.unregister("incoming_names")
    return f"(select name from {table})"


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


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
    rows = connection.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = ? and table_name = ? and table_catalog = current_database() order by ordinal_position",
        list(address),
    ).fetchall()
    return [Column(str(name), str(kind)) for name, kind in rows]


def purge(connection: duckdb.DuckDBPyConnection, address: Address, names: Names) -> int:
    """Rows about them go from one table; orders and refunds lose their customer instead."""
    table = _quoted(address)
    anonymous = ANONYMOUS.get(address)
    if anonymous is not None:
        connection.execute(f'update {table} set "{anonymous}" = null where "{anonymous}" in {names.tokens}').fetchall()
    kept = {"order_id"} | (EVENT_COLUMNS if anonymous else set())
    columns = [column for column in columns_of(connection, address) if column.name not in kept]
    rows = [query for _, query in finders(connection, table, columns, "rowid", names)]
    if not rows:
        return 0
    connection.execute(f"create or replace temporary table erased_row as {' union '.join(rows)}").fetchall()
    gone = connection.execute(f"delete from {table} where rowid in (select row from erased_row)").fetchall()
    return int(gone[0][0])


def finders(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], row: str, names: Names
) -> list[tuple[str, str]]:
    """(columns, query for the rows that speak of them) of a table: one for its short columns, some a long one.

    Args:
        connection: with the names loaded.
        table: a table, view or function, as it stands in SQL.
        columns: the columns to look into.
        row: what names a row; the queries' column is `row`.
        names: what was loaded.
    """
    longest = _longest(connection, table, [column for column in columns if column.type == "VARCHAR"])
    short = [condition for column in columns for condition in _conditions(column, names)]
    found = [("short columns", f"select {row} as row from {table} where {' or '.join(short)}")] if short else []
    for column in columns:
        is_text = "VARCHAR" in column.type or column.type == "JSON"
        if is_text and longest.get(column.name, LONGEST_ID) >= LONGEST_ID:
            found += [(column.name, query) for query in _inside(table, column, row, names)]
    return found


def _conditions(column: Column, names: Names) -> list[str]:
    """What must hold of one cell that is nothing but a name of theirs."""
    cell = column.quoted
    if column.type in _INTEGERS:
        return [f"{cell} in {names.keys}"]
    if column.type != "VARCHAR":
        return []
    found = [f"{cell} in {names.tokens}"]
    found += [f"lower({cell}) in {names.words}"] if names.words else []
    return found + ([f"{cell} in {names.events}"] if column.name in EVENT_COLUMNS else [])


def _inside(table: str, column: Column, row: str, names: Names) -> list[str]:
    """Queries for cells with a name of theirs somewhere inside."""
    deep = f"select row from (select {row} as row, unnest({{parts}}) as part from {table}) as parts where part in"
    runs, words = _RUNS.format(cell=column.quoted), _WORDS.format(cell=column.quoted)
    found = [f"{deep.format(parts=runs)} {names.inside} or substr(part, 1, 15) in {names.inside}"]
    return found + ([f"{deep.format(parts=words)} {names.words}"] if names.words else [])


def _longest(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]) -> dict[str, int]:
    """Characters of the longest value of each column."""
    if not columns:
        return {}
    lengths = (
        "case when min(length({0})) = {1} and max(length({0})) = {1} then 0 else coalesce(max(length({0})), 0) end"
    )
    asked = ", ".join(lengths.format(column.quoted, HASH_LENGTH) for column in columns)
    found = connection.execute(f"select {asked} from {table}").fetchall()
    return {column.name: int(value) for column, value in zip(columns, found[0], strict=True)}


def pack(file: Path) -> None:
    """Write a database file again, so that no freed page keeps what was deleted, and replace it in one step."""
    draft = file.with_name(f".{file.name}.packing")
    for left in (draft, draft.with_name(f"{draft.name}.wal")):
        left.unlink(missing_ok=True)
    with closing(duckdb.connect()) as connection:
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
