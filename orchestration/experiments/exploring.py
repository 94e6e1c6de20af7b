"""What exploring does to people in the long run: those who first drew another arm than the best known against the rest.

Both groups were drawn by chance from one row of published probabilities, so within a row they differ by the draw alone;
rows are put together by the units they were drawn for. The first draw counts for good, whatever is shown later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd

from ml.experiments.multiplicity import holm
from orchestration.experiments.adaptive import adaptive_estimates
from orchestration.experiments.design import HOLDOUT
from orchestration.experiments.estimates import LEAST_EVENTS, LEAST_UNITS, Estimate
from orchestration.experiments.metric_registry import Metric
from serving.experiments.definition import Experiment

EXPLORED, BEST = "explored", "best known"
HORIZONS = (28, 90)
# Probabilities are logged with nine digits.
TIED = 1e-9
ASKED: tuple[tuple[Metric, str], ...] = (
    (Metric("visits", "visits", "mean", "visits", unit="count"), "engagement"),
    (Metric("clicks", "clicks", "mean", "clicks", unit="count"), "engagement"),
    (Metric("came_back", "came back", "proportion", "came_back"), "retention"),
    (Metric("ordered", "ordered", "proportion", "ordered"), "retention"),
)
# Whom nobody knows cannot be followed for weeks. A visit is nobody's arm here: its person is.
FIRST = """
create or replace temp table first_drawn as
with followed as (
    select *, case when unit_type = 'session' then customer_id else unit_id end as person from shown
    where experiment = ? and experiment_version = ? and customer_id is not null
)
select person, person as cluster_id, shown_at as first_exposed_at, arm, probabilities, table_version, segment_id,
    context_bucket
from followed
qualify row_number() over (partition by person order by shown_at, personalization_id) = 1
"""
MEMBERS = """
create or replace temp table member as
select distinct case when unit_type = 'session' then customer_id else unit_id end as person, customer_id from shown
where experiment = ? and experiment_version = ? and customer_id is not null
"""
# The visit of the exposure itself began before it, and coming back is another day's.
FOLLOWED = """
with visited as (
    select first_drawn.person, count(*) as visits,
        max(case when visit.started_at >= first_drawn.first_exposed_at + to_days(1) then 1 else 0 end) as came_back
    from first_drawn
    inner join member on first_drawn.person = member.person
    inner join marts.fct_session as visit on member.customer_id = visit.customer_id
    where not visit.is_bot and visit.started_at > first_drawn.first_exposed_at
        and visit.started_at < first_drawn.first_exposed_at + to_days($days)
    group by first_drawn.person
),
did as (
    select first_drawn.person,
        count(case when outcome.kind = 'click' then 1 end) as clicks,
        max(case when outcome.kind = 'order' then 1 else 0 end) as ordered
    from first_drawn
    inner join member on first_drawn.person = member.person
    inner join marts.fct_outcome as outcome on member.customer_id = outcome.customer_id
    where not coalesce(outcome.is_refused, false) and outcome.occurred_at >= first_drawn.first_exposed_at
        and outcome.occurred_at < first_drawn.first_exposed_at + to_days($days)
    group by first_drawn.person
)
select first_drawn.*, coalesce(visits, 0) as visits, coalesce(came_back, 0) as came_back,
    coalesce(clicks, 0) as clicks, coalesce(ordered, 0) as ordered
from first_drawn
left join visited on first_drawn.person = visited.person
left join did on first_drawn.person = did.person
where first_drawn.first_exposed_at + to_days($days) <= $as_of
order by first_drawn.person
"""


@dataclass(frozen=True)
class Aftermath:
    """One figure of the explored against the others, so many days after their first exposure.

    Attributes:
        aspect: `engagement` or `retention`.
        estimate: the comparison; `refused` says why there is none yet.
        p_adjusted: p corrected for all figures of all horizons (Holm).
    """

    days: int
    aspect: str
    estimate: Estimate
    p_adjusted: float | None = None


def aftermath(connection: duckdb.DuckDBPyConnection, design: Experiment, as_of: pd.Timestamp) -> tuple[Aftermath, ...]:
    """Every figure at every horizon of a bandit, empty for experiments of another kind; reads `shown`.

    Args:
        as_of: naive UTC; only units whose whole horizon lies before it are compared.
    """
    if design.kind != "bandit":
        return ()
    key = [design.name, design.version]
    connection.execute(FIRST, key).fetchall()
    connection.execute(MEMBERS, key).fetchall()
    drawn = groups(connection.execute("select * from first_drawn order by person").df(), design.plain_arm)
    if drawn.empty:
        return ()
    found = [one for days in HORIZONS for one in _at(connection, design, drawn, days, as_of)]
    return _corrected(found)


def groups(first: pd.DataFrame, plain: str) -> pd.DataFrame:
    """First draws of learned arms from rows in which one arm led, as a draw between two: the leader, or another.

    Who drew the plain arm is a control of its own, and where no arm led nothing was known to be better.

    Args:
        first: one row a person with arm and probabilities (JSON by arm).
        plain: the arm outside of the learner.
    """
    rows: list[tuple[str | None, float | None, str | None]] = []
    for arm, text in zip(first["arm"], first["probabilities"], strict=True):
        chances = {name: p for name, p in _row(text).items() if name != plain and p > 0}
        leaders = [name for name, p in chances.items() if p > max(chances.values()) - TIED]
        if arm in (plain, HOLDOUT) or arm not in chances or len(leaders) != 1 or len(chances) < 2:
            rows.append((None, None, None))
            continue
        best = chances[leaders[0]] / sum(chances.values())
        shares = {BEST: best, EXPLORED: 1 - best}
        group = BEST if arm == leaders[0] else EXPLORED
        rows.append((group, shares[group], json.dumps(shares)))
    told = pd.DataFrame(rows, columns=["arm", "propensity", "probabilities"], index=first.index)
    return first.assign(**told)[told["arm"].notna()].astype({"propensity": float})


def _row(text: object) -> Mapping[str, float]:
    found = json.loads(str(text)) if text else {}
    return {str(arm): float(p) for arm, p in found.items()}


def _at(
    connection: duckdb.DuckDBPyConnection, design: Experiment, drawn: pd.DataFrame, days: int, as_of: pd.Timestamp
) -> list[Aftermath]:
    followed = connection.execute(FOLLOWED, {"days": days, "as_of": as_of.to_pydatetime()}).df()
    mature = groups(followed, design.plain_arm)
    return [
        Aftermath(days, aspect, _estimate(mature, drawn, _named(metric, days), days)) for metric, aspect in ASKED
    ]  # fmt: skip


def _named(metric: Metric, days: int) -> Metric:
    return replace(metric, name=f"{metric.name}_{days}d", label=f"{metric.label} in {days} days")


def _estimate(mature: pd.DataFrame, drawn: pd.DataFrame, metric: Metric, days: int) -> Estimate:
    refused = _not_yet(mature, drawn, metric, days)
    if refused:
        return Estimate(metric, EXPLORED, None, "", refused)
    return adaptive_estimates(mature, metric, plain=BEST)[0]


def _not_yet(mature: pd.DataFrame, drawn: pd.DataFrame, metric: Metric, days: int) -> str:
    counts = {name: mature[mature["arm"] == name] for name in (EXPLORED, BEST)}
    if min(map(len, counts.values())) < LEAST_UNITS:
        told = " and ".join(f"{len(rows)} {name}" for name, rows in counts.items())
        first = _aware(drawn["first_exposed_at"].min()) + timedelta(days=days)
        needed = f"{LEAST_UNITS} of each are needed"
        return f"not yet: {days} days are over for {told}; {needed} (of the first on {first:%Y-%m-%d})"
    if metric.kind == "proportion":
        for name, rows in counts.items():
            events = int((rows[metric.numerator] > 0).sum())
            if min(events, len(rows) - events) < LEAST_EVENTS:
                return f"{events} of {len(rows)} {name} {metric.label}; {LEAST_EVENTS} that did and did not are needed"
    return ""


def _aware(moment: pd.Timestamp) -> datetime:
    told: datetime = moment.to_pydatetime()
    return told.replace(tzinfo=UTC)


def _corrected(found: Sequence[Aftermath]) -> tuple[Aftermath, ...]:
    effects = [one.estimate.effect for one in found]
    p = iter(holm([effect.p_value for effect in effects if effect is not None]) if any(effects) else [])
    return tuple(
        one if effect is None else replace(one, p_adjusted=next(p)) for one, effect in zip(found, effects, strict=True)
    )
