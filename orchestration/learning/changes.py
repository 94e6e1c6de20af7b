"""Take in exposures and outcomes that are new or came out differently, and move credits and sums by just that.

Whatever the order and the batches in which rows come, the tables end as a full count would leave them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

from orchestration.learning.counting import by_exposure, move, rebuild
from orchestration.learning.credit import FOLLOWS_ORDER, credit, run

EXPOSURES, OUTCOMES = "ml.learned_exposure", "ml.learned_outcome"
INCOMING: Final = {EXPOSURES: ("incoming_exposure", "personalization_id"), OUTCOMES: ("incoming_outcome", "outcome_id")}
FACTS: Final = ("exposure", "outcome")
# Rows of the incoming tables as the learned ones have them; a key in `gone_…` alone has no row any more.
_PREPARE: Final = """
    create or replace temporary table incoming_{fact} as from {table} limit 0;
    create or replace temporary table gone_{fact} as select {key} from {table} limit 0;
"""
_BEFORE: Final = """
    create or replace temporary table before_{fact} as
    select * from {table} where {key} in (select {key} from incoming_{fact} union all select {key} from gone_{fact})
"""
# The first report counts, whichever comes in first; of several in one batch as well.
_FIRST: Final = """
    create or replace temporary table first_{fact} as
    select n.* from (
        select *, row_number() over (partition by {key} order by received_at, {moment}) as report from incoming_{fact}
    ) as n
    left join before_{fact} as b on n.{key} = b.{key}
    where n.report = 1 and (
        b.{key} is null or n.received_at <= b.received_at or n.{key} in (select {key} from gone_{fact})
    )
"""
_CHANGED: Final = """
    create or replace temporary table changed_{fact} as
    select * exclude (report) from first_{fact} except select * from before_{fact}
"""
# Only rows that differ are written, and what they replace is what stood there.
_REPLACED: Final = """
    create or replace temporary table replaced_{fact} as
    select * from before_{fact}
    where {key} in (select {key} from changed_{fact})
        or ({key} in (select {key} from gone_{fact}) and {key} not in (select {key} from first_{fact}))
"""
_TOUCHED: Final = f"""
    create or replace temporary table touched_person as
    select person, min(shown_at) as since from (
        from changed_exposure union all from replaced_exposure
    ) as e where person is not null and experiment is not null group by person;

    create or replace temporary table touched_exposure as
    select personalization_id from changed_exposure union select personalization_id from replaced_exposure;

    create or replace temporary table asked_id as
    select outcome_id from changed_outcome
    union select outcome_id from gone_outcome
    union select o.outcome_id from {OUTCOMES} as o
        inner join touched_person as t on o.person = t.person and o.occurred_at >= t.since
    union select outcome_id from {OUTCOMES}
        where personalization_id in (select personalization_id from touched_exposure)
    union select o.outcome_id from {OUTCOMES} as o
        inner join {EXPOSURES} as e on o.personalization_id = e.personalization_id
        inner join touched_person as t on e.person = t.person and o.occurred_at >= t.since
        where o.person is null
    union select outcome_id from ml.attribution
        where personalization_id in (select personalization_id from touched_exposure);

    create or replace temporary table asked_order as
    select order_id from {OUTCOMES} where kind = 'order' and outcome_id in (select outcome_id from asked_id)
    union select order_id from replaced_outcome where kind = 'order';

    create or replace temporary table asked_outcome as
    select * from {OUTCOMES}
    where outcome_id in (select outcome_id from asked_id)
        or (order_id in (select order_id from asked_order) and {FOLLOWS_ORDER});
"""
_AFFECTED: Final = """
    create or replace temporary table credits_before as
    select * from ml.attribution
    where outcome_id in (select outcome_id from asked_outcome union all select outcome_id from gone_outcome);

    create or replace temporary table affected as
    select personalization_id from touched_exposure
    union select personalization_id from credits_before where rule <> 'none'
    union select personalization_id from credited where rule <> 'none';
"""
_OF_AFFECTED: Final = "select * from {table} where personalization_id in (select personalization_id from affected)"
_STOOD: Final = f"""
    create or replace temporary table stood as
    select * from ({_OF_AFFECTED.format(table=EXPOSURES)}) as e
    where personalization_id not in (select personalization_id from touched_exposure)
    union all from replaced_exposure
"""


@dataclass(frozen=True)
class Moved:
    """How many rows were new or came out differently, and how many outcomes were credited again."""

    exposures: int
    outcomes: int
    credited: int

    def __add__(self, more: Moved) -> Moved:
        return Moved(self.exposures + more.exposures, self.outcomes + more.outcomes, self.credited + more.credited)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty temporary tables `incoming_exposure`, `incoming_outcome` and `gone_…` for rows to be taken in."""
    for table, (incoming, key) in INCOMING.items():
        run(connection, _PREPARE.format(fact=incoming.removeprefix("incoming_"), table=table, key=key))


def take_in(connection: duckdb.DuckDBPyConnection) -> Moved:
    """Take in what the incoming and gone tables hold.

    An incoming row replaces the row with its key unless that one was received earlier. To replace a row by one that
    was received later, its key goes into `gone_…` as well. Statement by statement, not in one transaction: of rows
    that it inserted itself DuckDB 2.0 loses some in a `distinct`. `orchestration.learning.under_way` heals what a kill
    leaves half done.
    """
    for table, (incoming, key) in INCOMING.items():
        _find_changes(connection, table, incoming.removeprefix("incoming_"), key)
    moved = Moved(_count(connection, "changed_exposure"), _count(connection, "changed_outcome"), 0)
    if not any(_count(connection, f"{kind}_{fact}") for kind in ("changed", "replaced") for fact in FACTS):
        return moved
    for table, (incoming, key) in INCOMING.items():
        fact = incoming.removeprefix("incoming_")
        run(connection, f"delete from {table} where {key} in (select {key} from replaced_{fact})")
        run(connection, f"insert into {table} from changed_{fact}")
    run(connection, _TOUCHED)
    credit(connection)
    run(connection, _AFFECTED)
    run(connection, _STOOD)
    _count_exposures(connection, "counted_before", "stood")
    for ids in ("asked_outcome", "gone_outcome"):
        run(connection, f"delete from ml.attribution where outcome_id in (select outcome_id from {ids})")
    run(connection, "insert into ml.attribution from credited")
    _count_exposures(connection, "counted_after", f"({_OF_AFFECTED.format(table=EXPOSURES)})")
    move(connection, "counted_before", "counted_after")
    return Moved(moved.exposures, moved.outcomes, _count(connection, "asked_outcome"))


def credit_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Credit every outcome anew and count everything: after a change of windows, or where rows were taken out."""
    run(connection, f"create or replace temporary table asked_outcome as from {OUTCOMES}")
    credit(connection)
    run(connection, "delete from ml.attribution")
    run(connection, "insert into ml.attribution from credited")
    rebuild(connection)


def _find_changes(connection: duckdb.DuckDBPyConnection, table: str, fact: str, key: str) -> None:
    moment = "shown_at" if fact == "exposure" else "occurred_at"
    words = {"fact": fact, "table": table, "key": key, "moment": moment}
    for sql in (_BEFORE, _FIRST, _CHANGED, _REPLACED):
        run(connection, sql.format(**words))


def _count_exposures(connection: duckdb.DuckDBPyConnection, name: str, exposures: str) -> None:
    credits = f"({_OF_AFFECTED.format(table='ml.attribution')})"
    run(connection, f"create or replace temporary table {name} as {by_exposure(exposures, credits)}")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])
