"""The scan at the end: every file of every store, opened, and its bytes."""

from __future__ import annotations

import gzip
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from intake.keys import quarantine_cipher
from intake.project import Project
from intake.sealed import unsealer
from orchestration.erasure import duckdb_store, log_store
from orchestration.erasure.matching import Matcher, mentions_of
from orchestration.erasure.quarantine_store import ORIGINAL, fields_of
from orchestration.erasure.scope import SEALED, Scope
from orchestration.erasure.stores import FOREIGN, KEYS, LOCKS, OVERLAY, store_of

_CHUNK, _OVERLAP = 16 << 20, 256


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
    """Looks through one data folder for the people of one scope."""

    def __init__(self, project: Project, scope: Scope) -> None:
        self.project, self.root = project, project.paths.root
        self.scope, self.matcher, self.mentions = scope, Matcher(scope), mentions_of(project, scope)
        self._tables: dict[str, list[Path]] = defaultdict(list)
        self._openers: tuple[tuple[Callable[[Path], bool], Callable[[Path], Iterator[str]]], ...] = (
            (lambda file: file.suffix == ".parquet" and "quarantine" in file.parts, self._quarantine),
            (lambda file: file.suffix == ".duckdb", self._duckdb),
            (lambda file: file.suffix in (".db", ".sqlite"), self._sqlite),
            (lambda file: file.name == "data.mdb", self._lmdb),
            (lambda file: "service_log" in file.parts, self._log),
        )

    def scan(self) -> Scan:
        """Every file; the order is that of their paths."""
        done = Scan()
        for file in sorted(self.root.rglob("*")):
            if file.is_file() and not file.is_symlink():
                self._look(file, done)
        with closing(duckdb.connect()) as connection:
            names = duckdb_store.load_names(connection, self.scope)
            for files in self._tables.values():
                self._parquet(connection, files, names, done)
        return done

    def _look(self, file: Path, done: Scan) -> None:
        path = file.relative_to(self.root).as_posix()
        store = store_of(path)
        if store in (KEYS, LOCKS, OVERLAY) or file.name == SEALED:
            return
        done.files, done.size = done.files + 1, done.size + file.stat().st_size
        if file.suffix == ".parquet":
            # Files of one schema are read together: a query a column and not a query a column and file.
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
        yield from self._bytes(file)
        for fits, look in self._openers:
            if fits(file):
                yield from look(file)
                return

    def _bytes(self, file: Path) -> Iterator[str]:
        tail = b""
        with _opened(file) as stream:
            while block := stream.read(_CHUNK):
                yield from self.matcher.in_bytes(tail + block)
                tail = block[-_OVERLAP:]

    def _parquet(
        self, connection: duckdb.DuckDBPyConnection, files: list[Path], names: duckdb_store.Names, done: Scan
    ) -> None:
        listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
        source = f"read_parquet([{listed}], hive_partitioning = false, filename = true)"
        for path, column, rows in _counted(connection, source, "filename", names):
            self._note(Path(path), {f"{rows} cells of {column}"}, done)

    def _duckdb(self, file: Path) -> Iterator[str]:
        with closing(duckdb.connect(str(file), read_only=True)) as connection:
            names = duckdb_store.load_names(connection, self.scope)
            for schema, name in duckdb_store.base_tables(connection):
                for _, column, rows in _counted(connection, f'"{schema}"."{name}"', "''", names):
                    yield f"table {schema}.{name}: {rows} cells of {column}"

    def _sqlite(self, file: Path) -> Iterator[str]:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
            for table in tables:
                for row in connection.execute(f'select * from "{table}"'):
                    if any(self._cell(value) for value in row):
                        yield f"table {table}"
                        break

    def _cell(self, value: object) -> bool:
        if isinstance(value, int):
            return value in self.scope.keys if value > 1 << 40 else False
        return isinstance(value, str) and self.matcher.in_text(value)

    def _lmdb(self, file: Path) -> Iterator[str]:
        from serving.snapshot.environment import SharedEnvironment

        shared = SharedEnvironment(file.parent)
        try:
            with shared.lmdb.begin() as reading:
                for table, _ in reading.cursor():
                    rows = reading.cursor(shared.lmdb.open_db(bytes(table), txn=reading, create=False))
                    if any(next(self.matcher.in_bytes(b"%b %b" % row), None) for row in rows):
                        yield f"table {bytes(table).decode()}"
        finally:
            shared.release()

    def _quarantine(self, file: Path) -> Iterator[str]:
        cipher, fields = quarantine_cipher(self.project.paths), fields_of(self.project, file.parent.name)
        originals = pq.read_table(file).column(ORIGINAL).to_pylist()
        if any(self.mentions.inside(cipher.decrypt(original), fields) for original in originals):
            yield "an original"

    def _log(self, file: Path) -> Iterator[str]:
        unseal = unsealer(self.project.paths)
        reader = log_store.LineReader(self.project, self.scope)
        for line in log_store.lines(file):
            said = reader.said(line.content)
            under_seal = unseal(said) if said is not None else None
            if under_seal is not None and self.mentions.inside(under_seal):
                yield "a sealed line"
                return


def _counted(
    connection: duckdb.DuckDBPyConnection, source: str, row: str, names: duckdb_store.Names
) -> list[tuple[str, str, int]]:
    """Rows that name them, by what names a row and by column."""
    described = connection.execute(f"describe select * from {source}").fetchall()
    skipped = duckdb_store.EVENT_COLUMNS | {"order_id", "filename"}
    columns = [duckdb_store.Column(str(one[0]), str(one[1])) for one in described if one[0] not in skipped]
    found: list[tuple[str, str, int]] = []
    for where, query in duckdb_store.finders(connection, source, columns, row, names):
        counts = connection.execute(f"select row, count(*) from ({query}) as cells group by 1 order by 1").fetchall()
        found += [(str(named), where, int(rows)) for named, rows in counts]
    return found


def _opened(file: Path) -> pa.NativeFile | gzip.GzipFile:
    if file.suffix == ".gz":
        return gzip.open(file)
    return pa.input_stream(str(file), compression="zstd" if file.suffix == ".zst" else None)
