"""Checks of our own: conservation, match rate, refunds beyond their orders, currencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dagster import AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, AssetKey, asset_check

from intake.ops_records import BatchRecord, Severity
from intake.project import Project
from orchestration.alerts import check_failed, check_holds
from orchestration.checks.guests import WHY, guests_alone
from orchestration.groups import WRITER_POOL
from orchestration.resources import Workspace
from orchestration.warehouse import Warehouse

LAKE, EVENTS, MATCH = (
    AssetKey(["ops", "lake_file"]),
    AssetKey(["staging", "stg_events"]),
    AssetKey(["marts", "match_rate_daily"]),
)
REFUND, ORDER = AssetKey(["marts", "fct_refund"]), AssetKey(["marts", "fct_order"])
CONSERVATION_SQL = """
    with days as (
        select event_date from staging.stg_events
        except
        select event_date from ops.pending_day
    ),
    lake as (
        select sum(f.rows) as n from ops.lake_file as f inner join days using (event_date)
        where f.max_received_at < (select max(as_of) from ops.run_context)
    ),
    staged as (
        -- All but the few that do not count, which lie in few row groups: all rows are not read for their moments.
        select (select count(*) from staging.stg_events)
            - (select count(*) from staging.stg_events where event_date is null)
            - (select count(*) from staging.stg_events where event_date in (select event_date from ops.pending_day))
            - (
                select count(*) from staging.stg_events
                where received_at >= (select max(as_of) from ops.run_context)
                    and event_date in (select event_date from days)
            ) as n
    ),
    open_files as (
        select coalesce(sum(f.rows), 0) as n from ops.lake_file as f inner join days using (event_date)
        where f.max_received_at >= (select max(as_of) from ops.run_context)
    )
    select cast(coalesce(lake.n, 0) as bigint), staged.n, cast(open_files.n as bigint) from lake, staged, open_files
"""
MATCH_SQL = """
    select cast(sum(matched) as double) / nullif(sum(events), 0) from marts.match_rate_daily
"""

EXCESS_SQL = """
    select count(*), coalesce(sum(excess_amount), 0), min(order_id) from marts.fct_refund where excess_amount > 0
"""
CURRENCY_SQL = """
    select currency, count(*) as n from marts.fct_order where currency is not null group by currency order by n desc, 1
"""


@dataclass(frozen=True)
class Verdict:
    """Whether a check holds, in one sentence."""

    passed: bool
    sentence: str


def batches_conserve_rows(batches: Sequence[BatchRecord]) -> Verdict:
    """Every batch: rows_read = accepted + duplicate + quarantined + suppressed."""
    torn = [
        batch.batch_id
        for batch in batches
        if batch.rows_read != batch.accepted + batch.duplicate + batch.quarantined + batch.suppressed
    ]
    if torn:
        return Verdict(False, f"{len(torn)} of {len(batches)} batches lose or double rows, first {torn[0]}")
    return Verdict(True, f"{len(batches)} batches account for every row they read")


def staged_equals_lake(warehouse: Warehouse) -> Verdict:
    """Staged rows equal the lake's rows; files that reach past the run's moment are partly staged, so they bound it."""
    lake, staged, partly = (int(str(value)) for value in warehouse.rows(CONSERVATION_SQL)[0])
    holds = lake <= staged <= lake + partly
    bound = f"{lake}" if not partly else f"{lake} to {lake + partly}"
    return Verdict(holds, f"{staged} rows staged, {bound} rows in the lake's files of the same days")


def match_rate_holds(rate: float | None, minimum: float) -> Verdict:
    """Enough events know their person."""
    if rate is None:
        return Verdict(False, "no event to match")
    return Verdict(rate >= minimum, f"match rate {rate:.3f}, at least {minimum:.2f} wanted")


def known_enough(warehouse: Warehouse, snapshots: Path, minimum: float) -> Verdict:
    """Over all days; a shop of guests alone has no rate to fall, and the suite of its profiles says why."""
    rate = warehouse.rows(MATCH_SQL)[0][0]
    verdict = match_rate_holds(None if rate is None else float(str(rate)), minimum)
    return Verdict(True, WHY) if not verdict.passed and guests_alone(warehouse, snapshots) else verdict


def refunds_fit_their_orders(warehouse: Warehouse) -> Verdict:
    """No refund was told that gives back more than was left of its order."""
    count, excess, order = warehouse.rows(EXCESS_SQL)[0]
    if not count:
        return Verdict(True, "no order gave back more than it cost")
    told = f"{count} refunds give back {excess:.2f} more than their orders cost, which counts nowhere"
    return Verdict(False, f"{told}; first order {order}; all are in marts.order_exception")


def orders_share_a_currency(warehouse: Warehouse) -> Verdict:
    """All orders are in one currency: nothing converts amounts, so others are added up as if they were."""
    found = [(str(currency), int(str(count))) for currency, count in warehouse.rows(CURRENCY_SQL)]
    if len(found) < 2:
        return Verdict(True, f"all orders are in {found[0][0]}" if found else "no order has a currency")
    told = ", ".join(f"{count} in {currency}" for currency, count in found[:5])
    return Verdict(False, f"orders in {len(found)} currencies ({told}): their amounts are added up without converting")


def checked(project: Project, asset: AssetKey, name: str, verdict: Verdict, *, blocking: bool) -> AssetCheckResult:
    """A verdict as Dagster shows it; its alert says what was found, until the check holds again."""
    if not verdict.passed:
        severity: Severity = "critical" if blocking else "warning"
        address = asset.to_user_string()
        title = f"{address}: check {name} failed: {verdict.sentence}"
        check_failed(project, address, name, verdict.sentence, severity=severity, title=title)
    else:
        check_holds(project, asset.to_user_string(), name)
    return AssetCheckResult(
        passed=verdict.passed,
        severity=AssetCheckSeverity.ERROR if blocking else AssetCheckSeverity.WARN,
        description=verdict.sentence,
    )


@asset_check(asset=LAKE, blocking=True, description="No batch loses or doubles a row of its input.")
def conservation_at_intake(workspace: Workspace) -> AssetCheckResult:
    """rows_read = accepted + duplicate + quarantined + suppressed, for every batch."""
    verdict = batches_conserve_rows(workspace.ops().batches())
    return checked(workspace.project(), LAKE, "conservation_at_intake", verdict, blocking=True)


@asset_check(asset=EVENTS, blocking=True, pool=WRITER_POOL, description="Staging has every row of the lake, once.")
def conservation_in_staging(workspace: Workspace) -> AssetCheckResult:
    """Σ rows of the pinned files = rows staged, over the staged days that no other run has yet to rebuild."""
    verdict = staged_equals_lake(workspace.warehouse())
    return checked(workspace.project(), EVENTS, "conservation_in_staging", verdict, blocking=True)


@asset_check(asset=MATCH, pool=WRITER_POOL, description="Enough events know their person (settings: quality).")
def match_rate(workspace: Workspace) -> AssetCheckResult:
    """Warns below `quality.minimum_match_rate`."""
    project = workspace.project()
    verdict = known_enough(workspace.warehouse(), project.paths.snapshots, project.settings.quality.minimum_match_rate)
    return checked(project, MATCH, "match_rate", verdict, blocking=False)


@asset_check(asset=REFUND, pool=WRITER_POOL, description="No refund gives back more than its order cost.")
def refunds_within_orders(workspace: Workspace) -> AssetCheckResult:
    """Warns of refunds that were cut, with their number and what was told beyond."""
    verdict = refunds_fit_their_orders(workspace.warehouse())
    return checked(workspace.project(), REFUND, "refunds_within_orders", verdict, blocking=False)


@asset_check(asset=ORDER, pool=WRITER_POOL, description="All orders are in one currency.")
def one_currency(workspace: Workspace) -> AssetCheckResult:
    """Warns of orders in several currencies, with their numbers."""
    return checked(
        workspace.project(), ORDER, "one_currency", orders_share_a_currency(workspace.warehouse()), blocking=False
    )


HOUSE_CHECKS: list[AssetChecksDefinition] = [
    conservation_at_intake,
    conservation_in_staging,
    match_rate,
    refunds_within_orders,
    one_currency,
]
