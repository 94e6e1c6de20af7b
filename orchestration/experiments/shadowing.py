"""A shadow decides beside the live policy and is never shown: how often it would have done the same."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pandas as pd

from ml.experiments.effect import Interval
from ml.experiments.proportions import Proportion, wilson
from serving.experiments.definition import Experiment

CHOSEN = """
select chosen.arm, chosen.action, count(*) as decisions
from (
    select json_extract_string(shadow, ?) as arm, action
    from marts.fct_decision
    where
        shadow is not null and not is_bot and not coalesce(is_refused, false)
        and placement = ? and decided_at < cast(? as timestamp)
) as chosen
where chosen.arm is not null
group by chosen.arm, chosen.action
order by chosen.arm, chosen.action
"""


@dataclass(frozen=True)
class Agreement:
    """Decisions in which a shadow chose an arm, and in how many of them the live policy showed the same action."""

    arm: str
    action: str
    decisions: int
    same: int
    interval: Interval

    @property
    def share(self) -> float:
        """Of the decisions, 0 to 1."""
        return self.same / self.decisions


def agreements(connection: duckdb.DuckDBPyConnection, design: Experiment, as_of: pd.Timestamp) -> list[Agreement]:
    """One row an arm that the shadow chose; empty for experiments of another kind."""
    if design.kind != "shadow":
        return []
    path = f'$."{design.key}"'
    frame = connection.execute(CHOSEN, [path, design.placement, as_of]).df()
    return [_agreement(design, str(arm), rows) for arm, rows in frame.groupby("arm", sort=True)]


def _agreement(design: Experiment, arm: str, rows: pd.DataFrame) -> Agreement:
    action = design.arms[arm].action if arm in design.arms else arm
    decisions, same = int(rows["decisions"].sum()), int(rows.loc[rows["action"] == action, "decisions"].sum())
    return Agreement(arm, action, decisions, same, wilson(Proportion(decisions, same)))
