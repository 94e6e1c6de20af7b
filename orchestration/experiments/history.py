"""The shop's own past as if an experiment had run: who would have come, and what they would have done."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pandas as pd

from orchestration.experiments.assignment import assignments
from orchestration.experiments.unit_table import unit_rows
from serving.experiments.definition import Experiment

# As if every unit had been exposed for the first time at its first visit to the placement within the days looked at.
OF_PLACEMENT = """
select
    case '{unit}' when 'session' then session_id when 'account' then account.account_id
        else coalesce(shown.customer_id, shown.unit_id, shown.session_id) end as unit_id,
    shown.customer_id, shown.shown_at, shown.personalization_id, shown.session_id
from marts.fct_exposure as shown
{account} account on shown.customer_id = account.customer_id
where shown.placement = ? and shown.shown_at >= cast(? as timestamp) and shown.shown_at < cast(? as timestamp)
    and not coalesce(shown.is_refused, false) and not coalesce(shown.is_bot, false)
"""
OF_VISITS = """
select
    case '{unit}' when 'session' then visit.session_id when 'account' then account.account_id
        else coalesce(visit.customer_id, visit.session_id) end as unit_id,
    visit.customer_id, visit.started_at as shown_at, visit.session_id as personalization_id, visit.session_id
from marts.fct_session as visit
{account} account on visit.customer_id = account.customer_id
where not visit.is_bot and visit.started_at >= cast(? as timestamp) and visit.started_at < cast(? as timestamp)
"""
SHOWN = """
create or replace temp table shown as
select
    ? as experiment, cast(? as integer) as experiment_version, ? as unit_type, unit_id, customer_id, ? as arm,
    shown_at, personalization_id, session_id, -1 as segment_id, 'any' as context_bucket, '' as table_version,
    cast(1 as double) as propensity, '' as probabilities
from seen where unit_id is not null
"""
ACCOUNTS = "inner join (select customer_id, min(account_id) as account_id from marts.account_member group by 1) as"
NO_ACCOUNTS = "left join (select null as customer_id, null as account_id where false) as"
# Below these exposures the placement's own traffic says less than the shop's visits.
LEAST_SHOWN = 100


@dataclass(frozen=True)
class Past:
    """Units as they would have been.

    Attributes:
        units: rows as of `ml.experiment_unit`, all in the plain arm, windows over.
        days: over which they came.
        source: where they were taken from, in words.
    """

    units: pd.DataFrame
    days: int
    source: str

    @property
    def units_a_day(self) -> float:
        """Units seen for the first time, on average over the days."""
        return len(self.units) / self.days


def past_units(connection: duckdb.DuckDBPyConnection, design: Experiment, as_of: pd.Timestamp, days: int) -> Past:
    """Units of the `days` before the last whole window, with what followed.

    Args:
        as_of: naive UTC; what is known until then.
        days: how far back first visits count.
    """
    until = as_of - pd.Timedelta(hours=design.attribution_hours)
    since = until - pd.Timedelta(days=days)
    words = _gather(connection, design, since, until)
    values = [design.name, design.version, design.unit, design.plain_arm]
    connection.execute(SHOWN, values).fetchall()
    units = unit_rows(connection, assignments(connection), [design], as_of)
    return Past(units, days, f"{words}, {since:%Y-%m-%d} to {until:%Y-%m-%d}")


def _gather(connection: duckdb.DuckDBPyConnection, design: Experiment, since: pd.Timestamp, until: pd.Timestamp) -> str:
    account = ACCOUNTS if design.unit == "account" else NO_ACCOUNTS
    own = OF_PLACEMENT.format(unit=design.unit, account=account)
    connection.execute(f"create or replace temp table seen as {own}", [design.placement, since, until]).fetchall()
    found = connection.execute("select count(distinct unit_id) from seen").fetchall()[0][0]
    if int(found) >= LEAST_SHOWN:
        return f"exposures of {design.placement}"
    visits = OF_VISITS.format(unit=design.unit, account=account)
    connection.execute(f"create or replace temp table seen as {visits}", [since, until]).fetchall()
    return f"all visits of the shop ({design.placement} was shown to {found} units only)"
