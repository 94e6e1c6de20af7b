"""What learning tells of itself every day: exposures, outcomes nobody can place, and how much is explored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Final

import duckdb

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.warehouse import Warehouse

# Days that a late report may still change, measured again by each run.
DAYS: Final = 3
FIGURES: Final = (
    "experiment_exposures", "outcomes_credited", "outcomes_not_credited", "outcomes_with_a_loss",
    "exploration_share", "exploration_share_expected",
)  # fmt: skip
# So many standard errors a drawn share may be off before somebody should look: once in 16,000 days by chance.
ERRORS: Final = 4.0
_EXPOSURES: Final = """
    select cast(shown_at as date), 'experiment_exposures', concat_ws('/', experiment, experiment_version, arm),
        cast(count(*) as double)
    from ml.learned_exposure where is_counted and shown_at >= $since group by all
"""
_OUTCOMES: Final = """
    select cast(occurred_at as date), 'outcomes_credited', concat_ws('/', experiment, experiment_version),
        cast(count(*) as double)
    from ml.attribution where rule <> 'none' and occurred_at >= $since group by all
    union all
    select cast(occurred_at as date), 'outcomes_not_credited', reason, cast(count(*) as double)
    from ml.attribution where rule = 'none' and occurred_at >= $since group by all
    union all
    select cast(occurred_at as date), 'outcomes_with_a_loss', kind, cast(count(*) as double)
    from ml.learned_outcome where margin_micros < 0 and kind <> 'refund' and occurred_at >= $since group by all
"""
# One draw a unit and day: whoever keeps an arm would count as many draws that are none.
_DRAWS: Final = """
    select day, experiment, experiment_version, count(*) as units,
        sum(case when drawn < best - 1e-12 then 1 else 0 end) as explored,
        sum(1 - best * ties) as expected, sum((1 - best * ties) * best * ties) as variance
    from (
        select *, list_max(map_values(probability)) as best,
            len(list_filter(map_values(probability), lambda p: p >= list_max(map_values(probability)) - 1e-12)) as ties,
            probability[arm] as drawn
        from (
            select cast(e.shown_at as date) as day, e.experiment, e.experiment_version, e.arm,
                cast(cast(e.probabilities as json) as map(varchar, double)) as probability,
                row_number() over (
                    partition by cast(e.shown_at as date), e.experiment, e.experiment_version,
                        coalesce(e.unit_id, e.personalization_id)
                    order by e.shown_at, e.personalization_id
                ) as place
            from marts.fct_exposure as e
            where e.traffic = 'live' and e.arm is not null and e.probabilities is not null and e.shown_at >= $since
                and not e.is_refused and not e.is_bot
                and (e.experiment, e.experiment_version) in (
                    select (experiment, experiment_version) from ml.arm_probability
                )
        ) as shown where place = 1
    ) as drawn where drawn is not null group by all order by all
"""


@dataclass(frozen=True)
class Exploration:
    """How many units of one day saw another arm than the likeliest, and how many the probabilities make expect."""

    day: date
    experiment: str
    version: int
    units: int
    explored: int
    expected: float
    variance: float

    @property
    def share(self) -> float:
        """Share of units that saw another arm than the likeliest."""
        return self.explored / self.units

    @property
    def bound(self) -> float:
        """How far the share may be from the expected one."""
        return (ERRORS * sqrt(max(self.variance, 0.0)) + 1.0) / self.units

    @property
    def holds(self) -> bool:
        """Whether what was shown fits the probabilities that were written down with it."""
        return abs(self.share - self.expected / self.units) <= self.bound

    def __str__(self) -> str:
        return (
            f"{self.experiment}/{self.version} on {self.day}: {self.share:.3f} of {self.units} units explored, "
            f"{self.expected / self.units:.3f} expected, within {self.bound:.3f}"
        )


def explorations(connection: duckdb.DuckDBPyConnection, today: date) -> list[Exploration]:
    """The last days of every bandit, oldest first."""
    since = today - timedelta(days=DAYS - 1)
    rows = connection.execute(_DRAWS, {"since": since}).fetchall()
    return [
        Exploration(day, str(name), int(version), int(units), int(explored), float(expected), float(variance))
        for day, name, version, units, explored, expected, variance in rows
    ]


def record_measures(project: Project, warehouse: Warehouse, today: date) -> list[Exploration]:
    """Write the figures of the last `DAYS` days into `metric_daily`; returns what was explored on them.

    What a day had before and has no more, such as a reason for which nothing is left out now, goes.

    Args:
        project: where daily figures are kept, and what time it is.
        warehouse: with everything learned.
        today: the day the run stands in (UTC).
    """
    since = today - timedelta(days=DAYS - 1)
    with warehouse.connect() as connection:
        rows = [row for sql in (_EXPOSURES, _OUTCOMES) for row in connection.execute(sql, {"since": since}).fetchall()]
        found = explorations(connection, today)
    by_day: dict[date, list[tuple[str, str, float]]] = {since + timedelta(days=n): [] for n in range(DAYS)}
    for day, metric, dimension, value in rows:
        by_day.setdefault(day, []).append((str(metric), str(dimension), float(value)))
    for one in found:
        named = f"{one.experiment}/{one.version}"
        expected = ("exploration_share_expected", named, one.expected / one.units)
        by_day.setdefault(one.day, []).extend([("exploration_share", named, one.share), expected])
    for day, figures in by_day.items():
        OpsStore(project.paths).record_metrics(day, figures, at=project.clock.now(), whole=FIGURES)
    return found
