"""What has landed in the lake and the facts do not hold yet: read at once, by the models' own words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import duckdb

from intake.ops_records import LakeFile
from intake.project import Project
from orchestration.learning.credit import run
from orchestration.learning.facts import BUILT_ORIGINS
from orchestration.learning.moments import utc
from orchestration.learning.origins import origin
from orchestration.learning.rendering import STEPS, expression, rendered
from orchestration.learning.rows import exposure_rows, outcome_rows
from orchestration.warehouse_schema import source_table

_TRUSTED = "{{ is_identity_trusted('lake') }}"
_STRONGEST = "{{ strongest_identifier('identifiers', 'is_trusted') }}"
_BOT = """coalesce(properties like '%"is_bot"%' and {{ json_text('properties', 'is_bot') }} = 'true', false)"""
_KEY = "{{ identifier_key('anchor.value') }}"
_WANTED = "'decision_made', 'exposure_shown', {{ outcome_event_types() }}"
_READ: Final = """
    create or replace temporary table new_event as
    select * exclude (place) from (
        select event_id, event_type, occurred_at, received_at, cast(occurred_at as date) as event_date, source,
            channel, session_id, order_id, amount, currency, experiment_id, personalization_id, properties,
            case when anchor.value is not null then {key} end as anchor_key, cast(null as bigint) as login_key,
            cast(null as date) as login_known_date, cast(received_at as date) as received_date, is_bot, is_simulated,
            substr(filename, length(?) + 2) as path,
            row_number() over (partition by event_id order by received_at, occurred_at, source) as place
        from (
            select *, {strongest} as anchor, {bot} as is_bot
            from (
                select * replace (
                    make_timestamp(epoch_us(occurred_at)) as occurred_at,
                    make_timestamp(epoch_us(received_at)) as received_at
                ), {trusted} as is_trusted
                from read_parquet(?, union_by_name = true, filename = true) as lake where event_type in ({wanted})
            ) as told
            where received_at < ?
        ) as anchored
    ) as events
    where place = 1 and event_id not in (select event_id from ml.fresh_event)
"""
# An event that is staged speaks as staged, with its visit and login: read again from a file that was written anew, or
# kept until the facts hold it, it says what they will say.
_AS_STAGED: Final = """
    create or replace temporary table staged_event as
    select {staged}, n.path from intermediate.int_events as e inner join new_event as n on e.event_id = n.event_id
    where e.event_date in (select event_date from new_event);
    delete from new_event where event_id in (select event_id from staged_event);
    insert into new_event by name from staged_event
"""
# A decision may come in after its exposure, and what is told of an order is told by all its events.
_AGAIN: Final = """
    create or replace temporary table int_events as
    with ids as (select personalization_id from new_event where event_type = 'decision_made'),
        orders as (select order_id from new_event where order_id is not null)
    from new_event
    union all by name
    select * from ml.fresh_event where event_id not in (select event_id from new_event) and (
        (event_type = 'exposure_shown' and personalization_id in (from ids))
        or (order_id in (from orders))
        or (event_type = 'decision_made' and personalization_id in (
            select personalization_id from new_event where event_type = 'exposure_shown'
            union all from ids))
    )
"""
# Each branch reads one column of the history and takes few rows: together in one condition they read all of it.
_STAGED_TOO: Final = """
    create or replace temporary table staged_event as
    select {columns} from intermediate.int_events
    where event_type in ({wanted}) and order_id in (select order_id from new_event where order_id is not null)
    union
    select {columns} from intermediate.int_events
    where event_type = 'exposure_shown' and personalization_id in (
        select personalization_id from new_event where event_type = 'decision_made');

    insert into int_events by name
    from staged_event where event_id not in (select event_id from int_events);
"""
# A person of whom nothing is known yet is counted where people are counted unless they refuse.
_CUSTOMERS: Final = """
    create or replace temporary table int_identifier_customers as
    with keys as (
        select anchor_key as identifier_key from int_events where anchor_key is not null
        union select login_key from int_events where login_key is not null
    )
    select identifier_key, customer_id, valid_from_date, valid_to_date, is_tracked
    from intermediate.int_identifier_customers
    where identifier_key in (from keys)
    union all
    select identifier_key, concat('key:', identifier_key), date '0001-01-01', date '9999-12-31', not exists (
        select 1 from ops.consent_regime where purpose = 'analytics' and country = '' and regime = 'opt_in'
    ) from keys where identifier_key not in (select identifier_key from identity.identifier)
"""
_DECISIONS: Final = """
    insert into fct_decision by name
    select * from marts.fct_decision
    where personalization_id in (select personalization_id from int_events where event_type = 'exposure_shown')
        and personalization_id not in (select personalization_id from fct_decision)
"""
# Of one first report the facts say less than the facts and what came since together.
_INSTEAD: Final = """
    delete from {incoming} as known where exists (
        select 1 from fresh_row as t where t.{key} = known.{key} and t.received_at <= known.received_at
    );
    insert into {incoming} by name from fresh_row
"""
_SHOWN: Final = """(
    select personalization_id from marts.fct_exposure union all select personalization_id from incoming_exposure
)"""
_COLUMNS: Final = tuple(name for name in source_table("ml.fresh_event").column_names if name != "path")


def stage_fresh(
    connection: duckdb.DuckDBPyConnection, project: Project, files: Sequence[LakeFile], as_of: datetime, *, again: bool
) -> tuple[int, bool]:
    """Read new lake files and put what they say into the incoming tables, beside what the facts have put there.

    Args:
        connection: of a warehouse whose facts were built once, with the temporary table `listed`.
        project: whose lake.
        files: what the lake lists.
        as_of: aware; what was received at or after it waits.
        again: tell what was read before and the facts do not hold once more, as after a comparison with them.

    Returns:
        The events that were new, and whether anything was told.
    """
    files = _unread(connection, files, as_of)
    count = _read(connection, project, files, as_of)
    run(connection, "delete from ml.learned_day where day in (select event_date from new_event)")
    if again:
        run(connection, "insert into new_event by name from ml.fresh_event")
    told = int(connection.execute("select count(*) from new_event").fetchall()[0][0])
    if told:
        run(connection, _AS_STAGED.format(staged=", ".join(f"e.{name}" for name in _COLUMNS)))
        _tell(connection, project.settings.time_zone)
        run(connection, "delete from ml.fresh_event where event_id in (select event_id from new_event)")
        run(connection, "insert into ml.fresh_event by name from new_event")
    done = [[file.path] for file in files if file.max_received_at < as_of]
    if done:
        connection.executemany("insert into ml.learned_file values (?)", done)
    return count, told > 0


def _unread(connection: duckdb.DuckDBPyConnection, files: Sequence[LakeFile], as_of: datetime) -> list[LakeFile]:
    known = f"select {origin('path')} from ml.learned_file union all {BUILT_ORIGINS}"
    rows = connection.execute(f"select path from listed where origin not in ({known})").fetchall()
    unread = {str(path) for (path,) in rows}
    return [file for file in files if file.path in unread and file.min_received_at < as_of]


def _read(connection: duckdb.DuckDBPyConnection, project: Project, files: Sequence[LakeFile], as_of: datetime) -> int:
    """Fill `new_event`; the number of its rows."""
    if not files:
        run(connection, "create or replace temporary table new_event as from ml.fresh_event limit 0")
        return 0
    sql = _READ.format(
        trusted=expression(_TRUSTED),
        strongest=expression(_STRONGEST),
        bot=expression(_BOT),
        key=expression(_KEY),
        wanted=expression(_WANTED),
    )
    root = str(project.paths.root)
    connection.execute(sql, [root, [f"{root}/{file.path}" for file in files], utc(as_of)]).fetchall()
    return int(connection.execute("select count(*) from new_event").fetchall()[0][0])


def _tell(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    """The models over these events, beside what is known already of the same decisions and orders."""
    run(connection, _AGAIN)
    run(connection, _STAGED_TOO.format(columns=", ".join(_COLUMNS), wanted=expression(_WANTED)))
    run(connection, _CUSTOMERS)
    run(connection, "create or replace temporary view dim_product as from marts.dim_product")
    for model in STEPS:
        run(connection, f"create or replace temporary table {model} as {rendered(model, zone)}")
    run(connection, _DECISIONS)
    exposed = exposure_rows(f"({rendered('fct_exposure', zone)})")
    followed = outcome_rows(f"({rendered('fct_outcome', zone)})", "marts.fct_offer", _SHOWN)
    for incoming, key, rows in (
        ("incoming_exposure", "personalization_id", exposed),
        ("incoming_outcome", "outcome_id", followed),
    ):
        run(connection, f"create or replace temporary table fresh_row as {rows}")
        run(connection, _INSTEAD.format(incoming=incoming, key=key))
