"""Which file of the lake an event came in with, whatever has been taken out of it since."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from orchestration.learning.credit import run


def origin(path: str) -> str:
    """A SQL expression: the first name of a lake file; an erasure writes it again as `<name>-erased-<request>`."""
    return f"regexp_replace({path}, '-erased-[^/]*$', '.parquet')"


def list_origins(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> None:
    """Make the temporary table `listed` of the files that the lake lists: path, origin."""
    told = f"select path, {origin('path')} as origin from (select unnest(cast(? as varchar[])) as path) as files"
    connection.execute(f"create or replace temporary table listed as {told}", [list(paths)]).fetchall()


def forget_unlisted(connection: duckdb.DuckDBPyConnection) -> bool:
    """Let go of events whose file the lake lists no more, as after a replay; whether there were any.

    What they said goes with the next comparison of all days.
    """
    gone = f"path is not null and {origin('path')} not in (select origin from listed)"
    run(connection, f"delete from ml.learned_file where {gone}")
    found = connection.execute(f"delete from ml.fresh_event where {gone}").fetchall()
    if not found[0][0]:
        return False
    run(connection, "delete from ml.learned_day where fact in ('exposure', 'outcome')")
    return True
