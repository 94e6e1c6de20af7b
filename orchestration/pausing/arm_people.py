"""What each person brought in an arm, summed for the looks: exposures of one person are not independent."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ml.experiments.clusters import People
from orchestration.learning.counting import by_exposure, people_of
from orchestration.pausing.tables import Tables

PEOPLE: Final = "ml.arm_person"
# Exposures too young to be looked at are few; what they hold is taken off what each person has of all.
_YOUNG: Final = people_of(
    by_exposure(
        "(select * from ml.learned_exposure where experiment = $name and experiment_version = $version"
        " and shown_at >= $since)",
        "(select * from ml.attribution where experiment = $name and experiment_version = $version"
        " and shown_at >= $since)",
    )
)
# Two complaints about one exposure count once, as in the sums by hour.
_OLD: Final = f"""
    select arm, exposures, orders, margin, least(greatest(complaints, 0), exposures) as complaints,
        least(greatest(returns, 0), orders) as returns
    from (
        select p.arm, p.exposures - coalesce(y.exposures, 0) as exposures,
            p.conversions - coalesce(y.conversions, 0) as orders,
            p.complaints - coalesce(y.complaints, 0) as complaints, p.returns - coalesce(y.returns, 0) as returns,
            (p.margin_micros - coalesce(y.margin_micros, 0)) / 10000 as margin
        from {PEOPLE} as p
        left join ({_YOUNG}) as y on p.arm = y.arm and p.person = y.person
        where p.experiment = $name and p.experiment_version = $version
    ) as each
"""
_SUMS: Final = """
    select arm, sum({unit}) as units, sum({metric}) as total, sum({unit} * {unit}) as units_squared,
        sum({metric} * {metric}) as total_squared, sum({unit} * {metric}) as product
    from (
        select arm, cast({unit} as double) as {unit}, cast({metric} as double) as {metric} from old where {unit} > 0
    ) as each
    group by arm
"""


def people(
    tables: Tables, experiment: tuple[str, int], since: datetime, metrics: dict[str, str]
) -> dict[tuple[str, str], tuple[float, ...]]:
    """By arm and metric: units, total, units squared, total squared and product, as `People` has them.

    Args:
        tables: the warehouse.
        experiment: name and version.
        since: naive UTC; exposures shown from then on are left out.
        metrics: what each is counted by.
    """
    parts = [
        f"select '{metric}' as metric, s.* from ({_SUMS.format(metric=metric, unit=unit)}) as s"
        for metric, unit in metrics.items()
    ]
    sql = f"with old as ({_OLD}) {' union all '.join(parts)}"
    rows = tables.rows(sql, {"name": experiment[0], "version": experiment[1], "since": since})
    return {(str(arm), str(metric)): tuple(float(str(value)) for value in sums) for metric, arm, *sums in rows}


def people_with(sums: tuple[float, ...], unit_squares: float) -> People:
    """Sums of an arm's people with the squares of its units."""
    units, total, units_squared, total_squared, product = sums
    return People(units, total, units_squared, total_squared, product, unit_squares)
