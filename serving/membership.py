"""Segments by rule and micro-segment of a person at this moment: those of the last run, judged anew where the snapshot
and the visit under way have all that a definition reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from serving.naming import placements_naming
from serving.person import Person
from serving.placement import Placement
from serving.policy import Policy
from serving.reclassified import STAGES, began_after
from serving.segment_definitions import (
    CART_ADDS,
    INTENT,
    LIFECYCLE,
    ORDERS,
    RECENCY,
    SECONDS,
    SegmentDefinitions,
    counted_by,
)
from serving.segments_used import SegmentsUsed
from serving.snapshot.records import FeatureValue, ProfileRecord
from serving.variables import MICRO_SEGMENT, RULE_SEGMENTS, SEGMENTS, SESSION_FEATURES
from serving.visit import Visit

STAGE_IDS: Final[Mapping[str, int]] = MappingProxyType(
    {"prospect": -2, "new": -3, "active": -4, "lapsing": -5, "lapsed": -6}
)
"""Stages of life as `marts.dim_customer` names them."""
_STAGE_NAMES: Final = {number: name for name, number in STAGE_IDS.items()}
_INTENT_OF: Final = "/intent "


def segments_of(
    definitions: SegmentDefinitions, person: Person, visit: Visit | None, now: datetime, as_of: datetime
) -> SegmentsUsed | None:
    """The segments of a person now; None where the snapshot says nothing of them.

    Args:
        definitions: of the snapshot.
        person: as the snapshot knows them, not brought up to date.
        visit: values by variable; None where nothing is known, or nothing may be used.
        now: aware.
        as_of: the moment the snapshot's figures stand at, aware.
    """
    profile, visit = person.profile, visit or {}
    told = None if profile is None else profile.features.get(RULE_SEGMENTS)
    if profile is None or not isinstance(told, str):
        return None
    before = frozenset(told.split(",")) - {""}
    found, values = set(before), _moved(profile, definitions.columns, visit, began_after(visit, now, as_of))
    for name, columns, holds in definitions.judges:
        if columns <= values.keys():
            (found.add if holds(values) is True else found.discard)(name)
    micro = _micro(profile, visit)
    known = micro if micro in definitions.large else ""
    return SegmentsUsed(sorted(found), sorted(found - before), sorted(before - found), known)


def carried(definitions: SegmentDefinitions, placements: Iterable[Placement], policies: Iterable[Policy]) -> set[str]:
    """What profiles have to carry for `segments_of`; nothing where no rule names a segment."""
    if not placements_naming(SEGMENTS, placements, policies):
        return set()
    return {RULE_SEGMENTS, MICRO_SEGMENT, *definitions.columns} - {INTENT}


def _moved(profile: ProfileRecord, columns: Iterable[str], visit: Visit, is_later: bool) -> dict[str, FeatureValue]:
    """Values by column with those of the visit; what the snapshot does not carry is left out."""
    has_ordered = bool(visit.get(SESSION_FEATURES[ORDERS]))
    values: dict[str, FeatureValue] = {}
    for column in columns:
        if column == INTENT and MICRO_SEGMENT in profile.features:
            values[INTENT] = _intent(_micro(profile, visit))
        elif column in profile.features:
            known = profile.features[column]
            if has_ordered and column in (RECENCY, LIFECYCLE):
                known = 0 if column == RECENCY else _stage(known)
            elif is_later and isinstance(known, int):
                known += _more(column, visit)
            values[column] = known
    return values


def _more(column: str, visit: Visit) -> int:
    """By how much a visit adds to a count; a shop may post a line of an order each, so its order counts once."""
    feature = counted_by(column)
    found = None if feature is None else visit.get(SESSION_FEATURES[feature])
    if not isinstance(found, int) or feature == SECONDS:
        return int(isinstance(found, int))
    return min(found, 1) if feature == ORDERS else found


def _stage(known: FeatureValue) -> FeatureValue:
    """The stage of life after an order."""
    number = STAGE_IDS.get(str(known), 0)
    return _STAGE_NAMES[STAGES[number][0]] if number in STAGES else known


def _micro(profile: ProfileRecord, visit: Visit) -> str:
    """The micro-segment with the intent of this moment, by the batch's own rule: an addition to the cart is hot, any
    visit at least warm. "" for who has none."""
    known = profile.features.get(MICRO_SEGMENT)
    if not isinstance(known, str) or SESSION_FEATURES[SECONDS] not in visit:
        return known if isinstance(known, str) else ""
    is_hot = _intent(known) == "hot" or visit.get(SESSION_FEATURES[CART_ADDS])
    return f"{known.rpartition(_INTENT_OF)[0]}{_INTENT_OF}{'hot' if is_hot else 'warm'}"


def _intent(micro: str) -> str | None:
    return micro.rpartition(_INTENT_OF)[2] or None
