"""A shop whose events name nobody has no profiles: it publishes what is the same for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from intake.event import HINT_TYPES
from orchestration.checks.suites import CUSTOMERS, PROFILES_EXIST
from orchestration.checks.validation import Outcome
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer

WHY: Final = "no event names anybody, so everybody is answered alike"
HINTS: Final = ", ".join(f"'{name}'" for name in HINT_TYPES)
# Tombstones of the erased have keys below 0, and hints name nobody.
NAMED_SQL: Final = f"""
    select exists (select 1 from intermediate.int_identifier_seen_daily where type not in ({HINTS}))
        or exists (select 1 from identity.identifier where identifier_key >= 0 and type not in ({HINTS}))
"""


def without_guests(outcomes: Sequence[Outcome], warehouse: Warehouse, snapshots: Path) -> list[Outcome]:
    """The same outcomes; where `guests_alone`, missing profiles only warn, and missing customers are told by that."""
    missing = {one.name for one in outcomes if not one.success} & {PROFILES_EXIST, CUSTOMERS}
    if not missing or not guests_alone(warehouse, snapshots):
        return list(outcomes)
    return [_of_guests(one) if one.name in missing else one for one in outcomes]


def guests_alone(warehouse: Warehouse, snapshots: Path) -> bool:
    """Whether nobody was ever known: no event names anybody, and no kept version has a profile.

    Where somebody was known and is no more, and was not erased, profiles went missing.
    """
    if warehouse.rows(NAMED_SQL)[0][0]:
        return False
    profiles = {manifest.version: manifest.counts.get("profile", 0) for manifest in pointer.list_versions(snapshots)}
    live = pointer.current(snapshots)
    # What a live version that cannot be read holds is not known.
    return not any(profiles.values()) and (live is None or live in profiles)


def _of_guests(outcome: Outcome) -> Outcome:
    told = replace(outcome, blocking=False, observed=f"{outcome.observed}: {WHY}")
    return replace(told, success=True, sample=()) if outcome.name == CUSTOMERS else told
