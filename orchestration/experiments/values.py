"""Lifetime values as they were known before an exposure and after its window: today's scores replace yesterday's."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

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
# What no unit needs and is not the newest goes: the table stays at a few rows a customer.
FORGET = """
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


def keep_values(connection: duckdb.DuckDBPyConnection, assigned: pd.DataFrame, designs: Sequence[Experiment]) -> None:
    """Add today's lifetime values to `ml.value_known`, and drop those that nobody will ask for again."""
    connection.execute(ADD).fetchall()
    design = pd.DataFrame(
        [(one.name, one.version, one.attribution_hours) for one in designs],
        columns=["experiment", "experiment_version", "window_hours"],
    ).astype({"experiment": str, "experiment_version": "int32", "window_hours": "int64"})
    connection.register("assigned_now", assigned)
    connection.register("design_now", design)
    for statement in (WINDOWS, FORGET):
        connection.execute(statement).fetchall()
    connection.unregister("assigned_now")
    connection.unregister("design_now")
