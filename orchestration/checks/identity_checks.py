"""What an analyst should know of the identity ledger: jumps, profiles in quarantine, newly blocked identifiers."""

from __future__ import annotations

from datetime import date

import pandas as pd

from intake.ops_store import OpsStore
from intake.project import Project
from ml.match_jumps import match_jumps
from orchestration.alerts import Finding, settle
from orchestration.checks.house_checks import Verdict
from orchestration.warehouse import Warehouse

JUMPS, QUARANTINE, BLOCKED = "identity:match_rate_jump:", "identity:quarantine:", "identity:blocked"
# More than an analyst looks at one by one; the others are counted in one alert.
MOST_ALERTS = 20
SOURCE = "identity"
# The link that was refused first is the cause; what a frozen profile refuses later follows from it.
QUARANTINED_SQL = """
    with causes as (
        select a.canonical_id, q.reason, q.detail, q.at,
            row_number() over (
                partition by a.canonical_id order by case when q.reason = 'frozen' then 1 else 0 end, q.at, q.edge_key
            ) as place
        from identity.identity_assignment as a
        inner join identity.identity_quarantine as q on a.identifier_key = q.identifier_key
        where a.system_to > timestamp '9999-01-01'
    )
    select c.canonical_id, causes.reason, causes.detail, causes.at
    from identity.canonical as c
    left join causes on c.canonical_id = causes.canonical_id and causes.place = 1
    where c.status = 'quarantined'
    order by causes.at desc, c.canonical_id
"""


def watch_match_rate(project: Project, rates: pd.DataFrame, day: date) -> Verdict:
    """One alert for each source whose match rate on `day` left that of the week before; gone again, resolved."""
    bound = project.settings.quality.match_rate_jump
    jumps = match_jumps(rates, day, jump=bound)
    settle(project, JUMPS, [Finding(f"{JUMPS}{one.source}", one.sentence) for one in jumps], source=SOURCE)
    calm = f"no source's match rate moved by more than {bound:.0%} on {day}"
    return Verdict(not jumps, "; ".join(one.sentence for one in jumps) or calm)


def watch_quarantine(project: Project, warehouse: Warehouse) -> Verdict:
    """One alert for each profile in quarantine, the newest 20; the others are counted in one."""
    rows = warehouse.frame(QUARANTINED_SQL)
    found = [
        Finding(
            f"{QUARANTINE}{profile}",
            f"profile {profile} is in quarantine: {_or(reason, 'no reason recorded')}",
            f"{_or(detail, '')}. It stays in its last good state and takes no new identifier until somebody looks.",
            sample=[{"customer_id": profile, "reason": reason, "at": at}],
        )
        for profile, reason, detail, at in rows.itertuples(index=False)
    ]
    more = len(found) - MOST_ALERTS
    others = [Finding(f"{QUARANTINE}others", f"{more} more profiles are in quarantine")] if more > 0 else []
    settle(project, QUARANTINE, [*found[:MOST_ALERTS], *others], source=SOURCE)
    return Verdict(not found, f"{len(found)} profiles in quarantine")


def watch_blocked(project: Project, state: pd.DataFrame, before: dict[str, float]) -> Verdict:
    """One alert a run for all identifiers that were blocked since the one before, by type and reason.

    Args:
        project: whose alerts.
        state: the ledger's measures: metric, dimension (type and reason), value.
        before: identifiers blocked by type and reason as the run before counted them.
    """
    rows = state[state["metric"] == "identifiers_blocked"]
    now = {str(kind): float(count) for kind, count in zip(rows["dimension"], rows["value"], strict=True)}
    new = {kind: int(count - before.get(kind, 0.0)) for kind, count in now.items() if count > before.get(kind, 0.0)}
    sentence = f"{sum(new.values())} identifiers newly blocked, {int(sum(now.values()))} in all"
    if new:
        detail = "; ".join(f"{kind}: {count}" for kind, count in sorted(new.items()))
        settle(project, BLOCKED, [Finding(BLOCKED, sentence, detail, severity="info")], source=SOURCE)
    elif not now:
        settle(project, BLOCKED, [], source=SOURCE)
    return Verdict(not new, sentence)


def blocked_before(ops: OpsStore) -> dict[str, float]:
    """Identifiers blocked by type and reason, as last kept; of an earlier day when this one has none."""
    kept = ops.metrics("identifiers_blocked")
    newest = max((item.metric_date for item in kept), default=None)
    return {item.dimension: item.value for item in kept if item.metric_date == newest}


def _or(value: object, otherwise: str) -> str:
    return otherwise if pd.isna(value) else str(value)  # type: ignore[call-overload]
