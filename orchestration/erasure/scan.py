"""The scan at the end: every file of every store, opened, and its bytes."""

from __future__ import annotations

import gzip
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from intake.keys import quarantine_cipher
from intake.project import Project
from orchestration.erasure import duckdb_store, log_store
from orchestration.erasure.matching import Matcher, mentions_of
from orchestration.erasure.quarantine_store import ORIGINAL, fields_of
from orchestration.erasure.scope import SEALED, Scope
from orchestration.erasure.stores import FOREIGN, KEYS, LOCKS, OVERLAY, SERVICE_LOG, store_of

_CHUNK, _OVERLAP, _BLOCK_ROWS = 16 << 20, 256, 1 << 12
# Ids of orders and events name an order or an event.
_OTHERS = duckdb_store.EVENT_COLUMNS | {"order_id"}
# Databases write values side by side.
_HEAPS = (".duckdb", ".mdb", ".sqlite", ".db")


@dataclass(frozen=True)
class Found:
    """Something that leads to an erased person: where, and what it is, without repeating it."""

    store: str
    path: str
    what: str


@dataclass
class Scan:
    """What was looked at, what was found, and the shop's own files that name them."""

    files: int = 0
    size: int = 0
    found: list[Found] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


class Scanner:
    """Looks through one data folder for the people of one scope.

    Args:
        project: whose data folder.
        scope: whom to look for.
        ends: the last line of each segment of the service's log that counts; None for all of them.
    """

    def __init__(self, project: Project, scope: Scope, ends: dict[str, int] | None = None) -> None:
        self._ends = ends
        self.project, self.root = project, project.paths.root
        self.scope, self.matcher, self.mentions = scope, Matcher(scope), mentions_of(project, scope)
        self._lines = log_store.LineReader(project, scope)
        self._names, self._keys = duckdb_store.Names(scope), scope.keys
        self._tables: dict[str, list[Path]] = defaultdict(list)
        self._openers: tuple[tuple[Callable[[Path], bool], Callable[[Path], Iterator[str]]], ...] = (
            (lambda file: file.suffix == ".parquet" and "quarantine" in file.parts, self._quarantine),
            (lambda file: file.suffix == ".duckdb", self._duckdb),
            (lambda file: file.suffix in (".db", ".sqlite"), self._sqlite),
            (lambda file: file.name in ("data.mdb", "delta.mdb"), self._lmdb),
        )

    def scan(self) -> Scan:
        """Every file; the order is that of their paths."""
        done = Scan()
        for file in sorted(self.root.rglob("*")):
            if file.is_file() and not file.is_symlink():
                self._look(file, done)
        for files in self._tables.values():
            self._parquet(files, done)
        return done

    def _look(self, file: Path, done: Scan) -> None:
        path = file.relative_to(self.root).as_posix()
        store = store_of(path)
        if store in (KEYS, LOCKS, OVERLAY) or file.name == SEALED:
            return
        done.files, done.size = done.files + 1, done.size + file.stat().st_size
        if file.suffix == ".parquet":
            # Files of one schema are read together: opening each costs more than what is in it.
            self._tables[str(pq.read_schema(file))].append(file)
        self._note(file, set(self._inside(file)), done)

    def _note(self, file: Path, what: set[str], done: Scan) -> None:
        path = file.relative_to(self.root).as_posix()
        store = store_of(path)
        if store in FOREIGN:
            done.foreign += [path] if what and path not in done.foreign else []
        else:
            done.found += [Found(store.name if store else "no store", path, one) for one in sorted(what)]

    def _inside(self, file: Path) -> Iterator[str]:
        if store_of(file.relative_to(self.root).as_posix()) is SERVICE_LOG and file.suffix in log_store.SUFFIXES:
            yield from self._log(file)
            return
        yield from self._bytes(file)
        for fits, look in self._openers:
            if fits(file):
                yield from look(file)
                return

    def _bytes(self, file: Path) -> Iterator[str]:
        tail, heap = b"", file.suffix in _HEAPS or "-wal" in file.suffix
        with _opened(file) as stream:
            while block := stream.read(_CHUNK):
                yield from self.matcher.in_bytes(tail + block, heap)
                tail = block[-_OVERLAP:]

    def _parquet(self, files: list[Path], done: Scan) -> None:
        if not self._cells(files):
            return
        for file in files:
            self._note(file, _said(self._cells([file])), done)

    def _cells(self, files: list[Path]) -> Counter[str]:
        """Cells that name them in parquet files of one schema, by column."""
        listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
        with closing(duckdb_store.in_memory(self.project.paths.warehouse)) as connection:
            connection.execute(
                f"create view rows_of_files as from read_parquet([{listed}], hive_partitioning = false)"
            ).fetchall()
            return self._counted(connection, ("main", "rows_of_files"))

    def _duckdb(self, file: Path) -> Iterator[str]:
        with closing(duckdb.connect(str(file), read_only=True)) as connection:
            for address in duckdb_store.base_tables(connection):
                found = self._counted(connection, address)
                yield from (f"table {'.'.join(address)}: {one}" for one in _said(found))

    def _counted(self, connection: duckdb.DuckDBPyConnection, address: duckdb_store.Address) -> Counter[str]:
        """Cells that name them in a table or view, by column."""
        columns = [one for one in duckdb_store.columns_of(connection, address) if one.name not in _OTHERS]
        found = duckdb_store.mentions(connection, f'"{address[0]}"."{address[1]}"', columns, "0", self._names)
        return Counter(column for column, _ in found)

    def _sqlite(self, file: Path) -> Iterator[str]:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
            for table in tables:
                if any(self._row_block(rows) for rows in _blocks(connection.execute(f'select * from "{table}"'))):
                    yield f"table {table}"

    def _row_block(self, rows: list[tuple[object, ...]]) -> bool:
        values = [value for row in rows for value in row]
        if any(isinstance(value, int) and value > 1 << 40 and value in self._keys for value in values):
            return True
        texts = [value.encode() if isinstance(value, str) else value for value in values]
        held = pa.array([text for text in texts if isinstance(text, bytes)], pa.large_binary())
        return bool(self.matcher.rows_named(held))

    def _lmdb(self, file: Path) -> Iterator[str]:
        from serving.snapshot.environment import SharedEnvironment

        shared = SharedEnvironment(file.parent, file.name)
        try:
            with shared.lmdb.begin() as reading:
                for table, _ in reading.cursor():
                    rows = reading.cursor(shared.lmdb.open_db(bytes(table), txn=reading, create=False))
                    held = pa.array([b"%b %b" % row for row in rows], pa.large_binary())
                    if self.matcher.rows_named(held):
                        yield f"table {bytes(table).decode()}"
        finally:
            shared.release()

    def _quarantine(self, file: Path) -> Iterator[str]:
        cipher, fields = quarantine_cipher(self.project.paths), fields_of(self.project, file.parent.name)
        originals = pq.read_table(file).column(ORIGINAL).to_pylist()
        if any(self.mentions.inside(cipher.decrypt(original), fields) for original in originals):
            yield "an original"

    def _log(self, file: Path) -> Iterator[str]:
        last = None if self._ends is None else self._ends.get(log_store.segment_of(file), -1)
        for line in log_store.lines(file):
            if (last is None or line.offset <= last) and self._lines.after(line.content) is not None:
                yield "a line"
                return


def _said(found: Counter[str]) -> set[str]:
    return {f"{cells} cells of {column}" for column, cells in found.items()}


def _blocks(cursor: sqlite3.Cursor) -> Iterator[list[tuple[object, ...]]]:
    while rows := cursor.fetchmany(_BLOCK_ROWS):
        yield rows


def _opened(file: Path) -> pa.NativeFile | gzip.GzipFile:
    if file.suffix == ".gz":
        return gzip.open(file)
    return pa.input_stream(str(file), compression="zstd" if file.suffix == ".zst" else None)
