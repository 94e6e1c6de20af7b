"""Whether what was learned holds together: every exposure counted once, every row of probabilities whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from orchestration.learning.counting import by_exposure, people_of, stats_of
from orchestration.learning.credit import FOLLOWS_ORDER
from orchestration.learning.measures import Exploration
from orchestration.learning.registry import Registry

# A row of probabilities is made of sums of a few floats.
WHOLE: Final = 1e-9
MOST_ORPHANS: Final = 0.01
# An order of so many times the usual one is more likely a mistake than a customer.
OUTSIZED: Final = 1_000
_COUNTED: Final = """
    select (select count(*) from ml.learned_exposure where is_counted),
        (select coalesce(sum(exposures), 0) from ml.arm_stats)
"""
# Of those that may be credited by the exposure they name: what follows its order names none, and our own scores of
# lifetime values always name one that is known.
_NAMED: Final = f"""
    select (
            select count(*) from ml.learned_outcome
            where personalization_id is not null and kind <> 'value' and not {FOLLOWS_ORDER}
        ),
        (select count(*) from ml.attribution where reason = 'unknown_exposure')
"""
_OUTSIZED: Final = f"""
    select count(*), coalesce(max(revenue_micros), 0) / 1000000
    from ml.learned_outcome where revenue_micros > {OUTSIZED} * (
        select median(revenue_micros) from ml.learned_outcome where kind in ('order', 'report') and revenue_micros > 0
    )
"""


@dataclass(frozen=True)
class Verdict:
    """A check by name: whether it holds, whether it stops what is behind it, and in one sentence why."""

    name: str
    passed: bool
    blocking: bool
    sentence: str


BLOCKING: Final = ("every_exposure_counts_once", "probabilities_are_whole")
WARNING: Final = ("outcomes_know_their_exposure", "no_order_is_outsized", "exploration_is_as_published")


def verdicts(
    connection: duckdb.DuckDBPyConnection, registry: Registry, explored: Sequence[Exploration], *, fully: bool
) -> list[Verdict]:
    """All checks; `fully` compares the sums with a full count as well."""
    return [
        _counts(connection, fully=fully),
        _whole(connection, registry),
        _known(connection),
        _usual(connection),
        _explored(explored),
    ]


def _counts(connection: duckdb.DuckDBPyConnection, *, fully: bool) -> Verdict:
    rows, summed = (int(value) for value in connection.execute(_COUNTED).fetchall()[0])
    torn = _differing(connection) if fully else 0
    passed = rows == summed and not torn
    more = f", {torn} sums differ from a full count" if torn else ""
    return Verdict(BLOCKING[0], passed, True, f"{rows} live exposures, {summed} in the sums by arm and hour{more}")


def _differing(connection: duckdb.DuckDBPyConnection) -> int:
    rows, found = by_exposure("ml.learned_exposure", "ml.attribution"), 0
    for full, table in ((stats_of(rows), "ml.arm_stats"), (people_of(rows), "ml.arm_person")):
        held = f"select * from {table}"
        sql = f"select count(*) from (({full} except {held}) union all ({held} except {full})) as differing"
        found += int(connection.execute(sql).fetchall()[0][0])
    return found


def _whole(connection: duckdb.DuckDBPyConnection, registry: Registry) -> Verdict:
    """Each cell sums to 1, and no arm that may be drawn falls below its floor."""
    rows = connection.execute("select * from ml.arm_probability").df()
    if rows.empty:
        return Verdict(BLOCKING[1], True, True, "no bandit runs")
    cell = ["experiment", "experiment_version", "segment_id", "context_bucket"]
    sums = rows.groupby(cell)["probability"].sum()
    arms = registry.arms.drop_duplicates(["experiment", "experiment_version", "arm"])
    told = rows.merge(arms, on=["experiment", "experiment_version", "arm"])
    drawn = told[~told["is_paused"].astype(bool) & told["fixed_share"].isna()]
    fixed = told[~told["is_paused"].astype(bool)].groupby(cell)["fixed_share"].sum().rename("fixed")
    floors = {name: settings.floor for name, settings in registry.settings.items()}
    held = drawn.merge(fixed.reset_index(), on=cell)
    share = held["experiment"].map(floors) / held.groupby(cell)["arm"].transform("count")
    low = held[held["probability"] < (1 - held["fixed"]) * share - WHOLE]
    broken = int(((sums - 1).abs() > WHOLE).sum())
    sentence = f"{len(sums)} cells, {broken} do not sum to 1, {len(low)} arms below their floor"
    return Verdict(BLOCKING[1], not broken and low.empty, True, sentence)


def _known(connection: duckdb.DuckDBPyConnection) -> Verdict:
    named, orphans = (int(value) for value in connection.execute(_NAMED).fetchall()[0])
    share = orphans / named if named else 0.0
    return Verdict(
        WARNING[0],
        share <= MOST_ORPHANS,
        False,
        f"{orphans} of {named} outcomes name an exposure that nobody knows ({share:.3f}, at most {MOST_ORPHANS})",
    )


def _usual(connection: duckdb.DuckDBPyConnection) -> Verdict:
    count, largest = connection.execute(_OUTSIZED).fetchall()[0]
    sentence = f"{int(count)} orders above {OUTSIZED} times the usual one"
    return Verdict(
        WARNING[1], not count, False, sentence + (f", the largest of {float(largest):,.2f}" if count else "")
    )


def _explored(explored: Sequence[Exploration]) -> Verdict:
    odd = [str(one) for one in explored if not one.holds]
    said = "; ".join(odd) or f"{len(explored)} days of bandits drew as their probabilities say"
    return Verdict(WARNING[2], not odd, False, said)
