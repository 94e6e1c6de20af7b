"""What each unit of an experiment did before its first exposure and after it, within the window.

Everything a unit's people do counts, not only what was credited to an exposure: the arms were drawn by chance, so the
arms differ by what was shown and nothing else. What came before the exposure, or after the window, does not count.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from orchestration.experiments.unit_sql import AFTER, BOUGHT, CLICKED, FINAL, HAPPENED, UNIT, VALUED, VISITS
from serving.experiments.definition import Experiment


def unit_rows(
    connection: duckdb.DuckDBPyConnection, assigned: pd.DataFrame, designs: Sequence[Experiment], as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row an experiment version and unit that is in one arm, as `ml.experiment_unit` has them; reads `shown`.

    Args:
        assigned: rows of `ml.assignment`.
        designs: the versions to tell about; units of others are left out.
        as_of: naive UTC; what happened at or after it is not seen.
    """
    design = pd.DataFrame(
        {
            "experiment": pd.Series([one.name for one in designs], dtype=str),
            "experiment_version": pd.Series([one.version for one in designs], dtype="int32"),
            "window_hours": pd.Series([one.attribution_hours for one in designs], dtype="int64"),
        }
    )
    connection.register("assigned", assigned)
    connection.register("design", design)
    for statement in (UNIT, HAPPENED, AFTER, CLICKED, VISITS, BOUGHT, VALUED):
        connection.execute(statement, [as_of] * statement.count("cast(? as timestamp)")).fetchall()
    found: pd.DataFrame = connection.execute(FINAL).df()
    connection.unregister("design")
    connection.unregister("assigned")
    return found
