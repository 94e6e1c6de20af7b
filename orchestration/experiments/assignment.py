"""Who is in which arm: the arm of the earliest exposure, for good.

Persons are counted by customer where they are known, so that one who came with two devices is one unit. Whoever saw two
arms is left out of every comparison, and counted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb
import pandas as pd

SHOWN = """
create or replace temp table shown as
select
    experiment,
    cast(experiment_version as integer) as experiment_version,
    coalesce(unit_type, 'person') as unit_type,
    case when coalesce(unit_type, 'person') = 'person' then coalesce(customer_id, unit_id) else unit_id end as unit_id,
    customer_id,
    case when traffic = 'holdout' then 'holdout' else arm end as arm,
    shown_at,
    personalization_id,
    session_id,
    coalesce(segment_id, -1) as segment_id,
    coalesce(context_bucket, 'any') as context_bucket,
    coalesce(table_version, '') as table_version,
    cast(coalesce(conditional_propensity, propensity) as double) as propensity,
    coalesce(probabilities, '') as probabilities
from marts.fct_exposure
where
    experiment is not null
    and experiment_version is not null
    and coalesce(customer_id, unit_id) is not null
    and not coalesce(is_refused, false)
    and not coalesce(is_bot, false)
    and coalesce(traffic, 'live') in ('live', 'holdout')
    and (traffic = 'holdout' or arm is not null)
    and shown_at < cast(? as timestamp)
"""
ASSIGNMENT = """
with ranked as (
    select
        *,
        row_number() over (
            partition by experiment, experiment_version, unit_type, unit_id order by shown_at, personalization_id
        ) as place
    from shown
),
grouped as (
    select
        experiment, experiment_version, unit_type, unit_id,
        min(customer_id) as customer_id,
        count(*) as exposures,
        count(distinct arm) as arms,
        string_agg(distinct arm, ', ' order by arm) as arm_names
    from shown
    group by experiment, experiment_version, unit_type, unit_id
)
select
    grouped.experiment,
    grouped.experiment_version,
    grouped.unit_type,
    grouped.unit_id,
    grouped.customer_id,
    ranked.arm,
    ranked.shown_at as first_exposed_at,
    ranked.propensity,
    ranked.probabilities,
    ranked.segment_id,
    ranked.context_bucket,
    ranked.table_version,
    grouped.exposures,
    grouped.arms > 1 as is_excluded,
    case when grouped.arms > 1 then 'saw two arms: ' || grouped.arm_names else '' end as reason
from grouped
inner join ranked
    on
        grouped.experiment = ranked.experiment
        and grouped.experiment_version = ranked.experiment_version
        and grouped.unit_type = ranked.unit_type
        and grouped.unit_id = ranked.unit_id
        and ranked.place = 1
order by grouped.experiment, grouped.experiment_version, grouped.unit_type, grouped.unit_id
"""


def note_shown(connection: duckdb.DuckDBPyConnection, as_of: pd.Timestamp) -> None:
    """Make the temporary table `shown`: exposures of experiments before `as_of` (naive UTC), by unit."""
    connection.execute(SHOWN, [as_of]).fetchall()


def assignments(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """One row an experiment version and unit, as `ml.assignment` has them; reads `shown`."""
    found: pd.DataFrame = connection.execute(ASSIGNMENT).df()
    return found


def shown_on(
    connection: duckdb.DuckDBPyConnection, experiment: str, version: int
) -> tuple[tuple[date, ...], datetime | None]:
    """Days (UTC) with an exposure of a version, in order, and the latest exposure (aware); reads `shown`."""
    rows = connection.execute(
        "select cast(shown_at as date), max(shown_at) from shown"
        " where experiment = ? and experiment_version = ? group by 1 order by 1",
        [experiment, version],
    ).fetchall()
    return tuple(day for day, _ in rows), rows[-1][1].replace(tzinfo=UTC) if rows else None


def conflicts(assigned: pd.DataFrame) -> pd.DataFrame:
    """By experiment version: units, units that saw two arms, and their share."""
    keys = ["experiment", "experiment_version"]
    found = assigned.groupby(keys, as_index=False).agg(units=("unit_id", "size"), conflicts=("is_excluded", "sum"))
    return found.assign(conflicts=found["conflicts"].astype(int), share=found["conflicts"] / found["units"])
