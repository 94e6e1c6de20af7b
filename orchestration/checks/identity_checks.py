"""What an analyst should know of the identity ledger: jumps, profiles in quarantine, newly blocked identifiers."""

from __future__ import annotations

from datetime import date

import pandas as pd

from intake.ops_store import OpsStore
from intake.project import Project
from ml.match_jumps import match_jumps
from orchestration.alerts import Finding, settle
from orchestration.checks.house_checks import Verdict
from orchestration.quality.day_alerts import explained_sources
from orchestration.warehouse import Warehouse

JUMPS, QUARANTINE, BLOCKED = "identity:match_rate_jump:", "identity:quarantine:", "identity:blocked"
# More than an analyst looks at one by one; the others are counted in one alert.
MOST_ALERTS = 20
SOURCE = "identity"
LIMITED = {"email": "emails_per_person", "phone": "phones_per_person", "device_id": "devices_per_person"}
# What the profile and the other side of the first refused link hold together: one type of it is too many.
QUARANTINED_SQL = f"""
    with members as (
        select a.identifier_key, a.canonical_id, i.type
        from identity.identity_assignment as a
        inner join identity.identifier as i on a.identifier_key = i.identifier_key
        where a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01'
    ), refused as (
        select q.at, q.edge_key, a.canonical_id as one, b.canonical_id as other
        from identity.identity_quarantine as q
        inner join identity.identity_edge as e on q.edge_key = e.edge_key
        inner join members as a on e.a_key = a.identifier_key
        inner join members as b on e.b_key = b.identifier_key
        where q.reason = 'too_many_values' and q.state = 'open'
    ), sides as (
        select r.one as canonical_id, r.other, r.at, r.edge_key from refused as r
        union all
        select r.other, r.one, r.at, r.edge_key from refused as r
    ), causes as (
        select c.canonical_id, s.at, s.other,
            row_number() over (partition by c.canonical_id order by s.at, s.edge_key) as place
        from identity.canonical as c
        left join sides as s on c.canonical_id = s.canonical_id
        where c.status = 'quarantined'
    ), holders as (
        select causes.canonical_id, causes.at, causes.canonical_id as holder from causes where place = 1
        union all
        select causes.canonical_id, causes.at, causes.other from causes where place = 1 and other <> canonical_id
    )
    select holders.canonical_id, holders.at, members.type, count(distinct members.identifier_key) as number
    from holders
    left join members
        on holders.holder = members.canonical_id
        and members.type in ({", ".join(f"'{name}'" for name in LIMITED)})
    group by holders.canonical_id, holders.at, members.type
    order by holders.at desc, holders.canonical_id, members.type
"""


def watch_match_rate(project: Project, rates: pd.DataFrame, day: date) -> Verdict:
    """One alert for each source whose match rate on `day` left that of the week before; gone again, resolved.

    A source with an alert about that very day (fields empty, another mix, rows missing) is not told of twice.
    """
    bound = project.settings.quality.match_rate_jump
    jumps = match_jumps(rates, day, jump=bound)
    told = explained_sources(OpsStore(project.paths), day)
    news = [one for one in jumps if one.source not in told]
    settle(project, JUMPS, [Finding(f"{JUMPS}{one.source}", one.sentence) for one in news], source=SOURCE)
    calm = f"no source's match rate moved by more than {bound:.0%} on {day}"
    return Verdict(not jumps, "; ".join(one.sentence for one in jumps) or calm)


def watch_quarantine(project: Project, warehouse: Warehouse) -> Verdict:
    """One alert for each profile in quarantine, the newest 20; the others are counted in one."""
    held = warehouse.frame(QUARANTINED_SQL)
    found = [
        Finding(
            f"{QUARANTINE}{profile}",
            f"profile {profile} is in quarantine: {_too_many(project, rows)}",
            "A link that would bring more was refused. The profile stays in its last good state and takes no further "
            "identifier until somebody links or unlinks the two.",
            sample=[{"customer_id": profile, "refused_at": rows["at"].iloc[0]}],
        )
        for profile, rows in held.groupby("canonical_id", sort=False)
    ]
    more = len(found) - MOST_ALERTS
    others = [Finding(f"{QUARANTINE}others", f"{more} more profiles are in quarantine")] if more > 0 else []
    settle(project, QUARANTINE, [*found[:MOST_ALERTS], *others], source=SOURCE)
    return Verdict(not found, f"{len(found)} profiles in quarantine")


def _too_many(project: Project, rows: pd.DataFrame) -> str:
    """Which limit it is about, e.g. `6 of type email, at most 5 in 365 days`."""
    rules = project.settings.identity
    limits = {kind: int(getattr(rules, name)) for kind, name in LIMITED.items()}
    numbers = {
        str(kind): int(number) for kind, number in zip(rows["type"], rows["number"], strict=True) if kind in limits
    }
    over = [
        f"{number} of type {kind}, at most {limits[kind]} in {rules.window_days} days"
        for kind, number in numbers.items()
        if number > limits[kind]
    ]
    return "; ".join(over) or "more values of a type than one person may have"


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
