"""Their identifiers in clear where others wrote them: in texts of the lake, found by hashing what could be one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing

import duckdb

from intake.hashing import name_of
from intake.mentions import PHONES, STATED, WORD, WRITTEN, Mentions, is_telling, phones_of
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.erasure.duckdb_store import in_memory
from orchestration.erasure.matching import mentions_of
from orchestration.erasure.scope import Scope
from orchestration.erasure.search import Search

# The shop's own names of things; one of theirs may happen to be the same.
_NAMES_OF_THINGS = ("product_id", "category", "store_id", "order_id")
_LINE_PRODUCT = r'"product_id":\s*"?([^",}\s]+)'
_BATCH_ROWS = 1 << 16
_TELLING = "length(word) >= 6 and regexp_matches(word, '[0-9@]')"


def survey(project: Project, scope: Scope) -> None:
    """Learn them, which files of the lake have them, and which are names of the shop's own things as well."""
    mentions = mentions_of(project, scope)
    hashes = {name_of(value_hash) for value_hash in scope.hashes}
    for text in _said_by_people(project):
        scope.clear |= {word for word in mentions.words_in(text) if name_of(word) not in hashes}
    files = [str(project.paths.root / file.path) for file in OpsStore(project.paths).visible_files()]
    if not files:
        return
    with closing(in_memory(project.paths.warehouse)) as connection:
        connection.execute(
            f"create view written as select filename, unnest([{', '.join((*WRITTEN, *STATED))}]) as said"
            f" from read_parquet({files!r}, hive_partitioning = false, filename = true)"
        ).fetchall()
        found = set(_found(connection, mentions))
        scope.clear |= found
        scope.mentioning |= {name.removeprefix(f"{project.paths.root}/") for name in _files_with(connection, found)}
        scope.common |= _common(connection, files, scope)


def _found(connection: duckdb.DuckDBPyConnection, mentions: Mentions) -> Iterator[str]:
    """The words of the lake's texts that are meant."""
    for run in _written(connection, WORD):
        yield from mentions.words_of(run)
    for run in _written(connection, PHONES):
        yield from (phone for phone in phones_of(run) if is_telling(phone) and mentions.names(phone))


def _written(connection: duckdb.DuckDBPyConnection, pattern: str) -> Iterator[str]:
    """Every different word of the lake's texts that could tell by itself."""
    rows = connection.execute(
        "with texts as (select distinct said from written where said is not null),"
        " words as (select distinct unnest(regexp_extract_all(said, ?)) as word from texts)"
        f" select word from words where {_TELLING}",
        [pattern],
    )
    yield from (str(word) for (word,) in rows.fetchall())


def _files_with(connection: duckdb.DuckDBPyConnection, words: set[str]) -> set[str]:
    """Files whose texts have one of some words, found in one reading however many words there are."""
    search, found = Search(word.encode() for word in words), set[str]()
    if not search:
        return found
    texts = connection.sql("select filename, said from written where said is not null")
    for batch in texts.to_arrow_reader(_BATCH_ROWS):
        names = batch.column("filename")
        found.update(names[row].as_py() for row, _ in search.rows(batch.column("said")))
    return found


def _common(connection: duckdb.DuckDBPyConnection, files: list[str], scope: Scope) -> set[str]:
    telling = {value for value in scope.clear if is_telling(value)}
    lower = sorted({value.lower() for value in telling})
    if not lower:
        return set()
    things = ", ".join(_NAMES_OF_THINGS)
    rows = connection.execute(
        f"with things as (select unnest([{things}]) as name"
        f" from read_parquet({files!r}, hive_partitioning = false)"
        " union all select unnest(regexp_extract_all(said, ?, 1)) from written where contains(said, '\"product_id\"'))"
        " select distinct lower(name) from things where lower(name) in (select unnest(?::varchar[]))",
        [_LINE_PRODUCT, lower],
    )
    shared = {str(name) for (name,) in rows.fetchall()}
    if shared:
        scope.notes.append(
            f"{len(shared)} identifiers are names of products, orders, stores or categories as well: they are looked"
            " for where identifiers stand, and not in every text"
        )
    return {value for value in telling if value.lower() in shared}


def _said_by_people(project: Project) -> Iterable[str]:
    """Texts of the operations file: reasons, notes, samples."""
    if not project.paths.ops_db.exists():
        return
    with closing(sqlite3.connect(f"file:{project.paths.ops_db}?mode=ro", uri=True)) as connection:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            columns = [row[1] for row in connection.execute(f'pragma table_info("{table}")')]
            for column in columns:
                rows = connection.execute(
                    f'select distinct "{column}" from "{table}" where typeof("{column}") = \'text\''
                )
                yield from (text for (text,) in rows)
