"""Lifetime values as they were known before an exposure and after its window: today's scores replace yesterday's."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from orchestration.experiments.design import learns_values
from serving.experiments.definition import Experiment

# A score of today is one of tomorrow's yesterdays.
ADD = """
insert into ml.value_known (customer_id, as_of, ltv_amount)
select score.customer_id, score.as_of, score.ltv_amount
from ml.value_score as score
where score.ltv_amount is not null and not exists (
    select 1 from ml.value_known as known
    where known.customer_id = score.customer_id and known.as_of = score.as_of
)
"""
# How far a score may lie from the moment that it is to tell of: a week without a run is bridged.
SCORE_DAYS = 7
# What no unit needs and is not the newest goes: the table stays at a few rows a customer. Where a bandit learns by
# lifetime values, whom it was shown to keeps all scores until the last exposure that they may tell of is settled.
FORGET = f"""
delete from ml.value_known where (customer_id, as_of) not in (
    select (customer_id, max(as_of)) from ml.value_known group by customer_id
    union
    select (known.customer_id, max(known.as_of)) from ml.value_known as known
    inner join unit_window as w on known.customer_id = w.customer_id and known.as_of <= w.first_exposed_at
    group by known.customer_id, w.experiment, w.experiment_version, w.unit_id
    union
    select (known.customer_id, min(known.as_of)) from ml.value_known as known
    inner join unit_window as w on known.customer_id = w.customer_id and known.as_of >= w.window_ends_at
    group by known.customer_id, w.experiment, w.experiment_version, w.unit_id
    union
    select (known.customer_id, known.as_of) from ml.value_known as known
    where known.as_of >= (select max(as_of) from ml.value_known) - (
        select to_hours(max(window_hours) + {24 * (2 * SCORE_DAYS + 1)}) from design_now where learns_values
    ) and known.customer_id in (
        select e.person from ml.learned_exposure as e
        inner join design_now as d on e.experiment = d.experiment and d.learns_values
        where e.is_creditable
    )
)
"""
WINDOWS = """
create or replace temp table unit_window as
select a.experiment, a.experiment_version, a.unit_id, a.customer_id, a.first_exposed_at,
    a.first_exposed_at + to_hours(d.window_hours) as window_ends_at
from assigned_now as a
inner join design_now as d on a.experiment = d.experiment and a.experiment_version = d.experiment_version
where a.customer_id is not null
"""


def note_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Add today's lifetime values to `ml.value_known`, each with its cut-off; what stands is never changed."""
    connection.execute(ADD).fetchall()


def keep_values(connection: duckdb.DuckDBPyConnection, assigned: pd.DataFrame, designs: Sequence[Experiment]) -> None:
    """Add today's lifetime values to `ml.value_known`, and drop those that nobody will ask for again."""
    note_values(connection)
    design = pd.DataFrame(
        [(one.name, one.version, one.attribution_hours, learns_values(one)) for one in designs],
        columns=["experiment", "experiment_version", "window_hours", "learns_values"],
    ).astype({"experiment": str, "experiment_version": "int32", "window_hours": "int64", "learns_values": bool})
    connection.register("assigned_now", assigned)
    connection.register("design_now", design)
    for statement in (WINDOWS, FORGET):
        connection.execute(statement).fetchall()
    connection.unregister("assigned_now")
    connection.unregister("design_now")
