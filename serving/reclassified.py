"""What the visit under way has changed since the batch: counts, recency and stage of life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from serving.person import Person
from serving.snapshot.records import FeatureValue, ProfileRecord
from serving.variables import SEGMENTS, SESSION_FEATURES
from serving.visit import Visit

RECENCY: Final = "recency_days"
ORDERS, SECONDS = "orders", "seconds"
# Profile variable to the session feature that counts the same events.
COUNTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "orders_lifetime": ORDERS,
        "orders_30d": ORDERS,
        "orders_90d": ORDERS,
        "orders_91d": ORDERS,
        "product_views_30d": "product_views",
        "size_guide_opens_30d": "size_guide_opens",
    }
)
# Stages of life that an order ends (`marts.dim_customer.lifecycle`): a prospect is new, who was lapsing is active.
STAGES: Final[Mapping[int, tuple[int, str]]] = MappingProxyType(
    {-2: (-3, "New customers"), -5: (-4, "Active customers"), -6: (-4, "Active customers")}
)
CHANGING: Final = frozenset({*COUNTED, RECENCY, "segment_id", "segment_name", *SEGMENTS})
"""Variables that a visit may change, so that no batch can prove what rules say of them."""


def evidence_for(named: Iterable[str]) -> frozenset[str]:
    """Session features that say how far the variables named have moved; a stage of life may always be asked for."""
    return frozenset({ORDERS, SECONDS, *(COUNTED[name] for name in named if name in COUNTED)})


def up_to_date(person: Person, visit: Visit | None, now: datetime, as_of: datetime) -> Person:
    """The person with what they did in this visit.

    An order makes recency 0 and ends a stage of life. Counts grow by the visit's own where it began after the
    snapshot's `as_of`; of one that was under way then the batch may have counted a part, so they stay.

    Args:
        person: as the snapshot knows them.
        visit: values by variable; None where nothing is known, or nothing may be used.
        now: aware.
        as_of: the moment the snapshot's figures stand at, aware.
    """
    profile = person.profile
    if profile is None or not visit:
        return person
    changed = dict(_counts(profile, visit)) if began_after(visit, now, as_of) else {}
    if not visit.get(SESSION_FEATURES[ORDERS]):
        return person if not changed else _with(person, profile, changed)
    if RECENCY in profile.features:
        changed[RECENCY] = 0
    segment, name = STAGES.get(profile.segment_id or 0, (profile.segment_id, profile.segment_name))
    return _with(person, msgspec.structs.replace(profile, segment_id=segment, segment_name=name), changed)


def began_after(visit: Visit, now: datetime, as_of: datetime) -> bool:
    """Whether the visit began when the snapshot's figures had been taken, so that they have nothing of it."""
    seconds = visit.get(SESSION_FEATURES[SECONDS])
    return isinstance(seconds, int) and now - timedelta(seconds=seconds) >= as_of


def _counts(profile: ProfileRecord, visit: Visit) -> Iterable[tuple[str, FeatureValue]]:
    for name, feature in COUNTED.items():
        known, more = profile.features.get(name), visit.get(SESSION_FEATURES[feature])
        if isinstance(known, int | float) and isinstance(more, int) and more:
            # A shop may post a line of an order each; so the visit's order counts once.
            yield name, known + (1 if feature == ORDERS else more)


def _with(person: Person, profile: ProfileRecord, changed: Mapping[str, FeatureValue]) -> Person:
    return replace(person, profile=msgspec.structs.replace(profile, features={**profile.features, **changed}))
