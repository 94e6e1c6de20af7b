"""Who is asking: from hashed identifiers to one customer and what that customer has agreed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import msgspec

from intake.event import IDENTIFIER_TYPES
from intake.hashing import name_of
from intake.purposes import PURPOSES
from serving.placement import Placement
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProfileRecord

PROFILE_PURPOSES = tuple(purpose for purpose in PURPOSES if purpose != "analytics")
"""Purposes that a profile tells of; without analytics there is no profile, and personalization is refused."""
_FLAGGED = ("analytics", "personalization", "marketing_email", "profiling_price")
_BY_FLAGS = {
    flags: frozenset(purpose for purpose, granted in zip(_FLAGGED, flags, strict=True) if granted)
    for flags in product((True, False), repeat=len(_FLAGGED))
}

_TRACKED = ("analytics", "personalization")
_TRACKED_SET = frozenset(_TRACKED)
_NOTHING: frozenset[str] = frozenset()
_STRENGTH = {kind: rank for rank, kind in enumerate(IDENTIFIER_TYPES)}


class Person(msgspec.Struct, frozen=True):
    """The customer behind a request; `profile` is None for an unknown one. `unit` is what draws are seeded by.

    `customer_ids` are all customers that the identifiers name; `refusals` what the snapshot knows of their refusals,
    as purpose to (identifier key, microseconds since 1970); `refused` the purposes refused since the snapshot;
    `agreed` those granted in so many words; `silent` those that need a yes at the place of the request and have none.
    """

    profile: ProfileRecord | None
    unit: str
    granted: frozenset[str]
    customer_ids: tuple[str, ...] = ()
    refusals: Mapping[str, Sequence[tuple[int, int]]] = {}
    refused: frozenset[str] = frozenset()
    agreed: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """Whether an identifier belongs to a customer of the snapshot."""
        return self.profile is not None

    def missing_purpose(self, placement: Placement) -> str | None:
        """First purpose without which this person gets no chosen answer here, or None.

        Contact needs consent from everybody. Purposes about the use of a profile concern known people, since an
        unknown person is answered without one; but whoever shows an identifier where a yes is needed first and gave
        none is answered as everybody.
        """
        needed = placement.purposes_of_known if self.profile is not None else placement.purposes_of_contact
        missing = None
        for purpose in needed:
            if purpose not in self.granted:
                missing = purpose
                break
        if self.silent and missing in (None, "personalization"):
            return next((purpose for purpose in _TRACKED if purpose in self.silent), missing)
        return missing

    @property
    def is_tracked(self) -> bool:
        """Whether what the person does may be recorded as theirs."""
        allowed = not self.known or "analytics" in self.granted
        return allowed and "analytics" not in self.refused and "analytics" not in self.silent

    @property
    def is_profiled(self) -> bool:
        """Whether what the person does may decide what they see."""
        allowed = not self.known or "personalization" in self.granted
        return allowed and _TRACKED_SET.isdisjoint(self.refused) and _TRACKED_SET.isdisjoint(self.silent)


def find_person(reader: SnapshotReader, identifiers: Iterable[tuple[str, str]]) -> Person:
    """The customer of the strongest identifier known; consent is what every customer named has granted.

    Args:
        reader: of the snapshot.
        identifiers: type and keyed hash.
    """
    ordered = list(identifiers)
    if len(ordered) == 1:
        return _person_named(reader, ordered[0])
    ordered.sort(key=_weakness)
    customers = dict.fromkeys([found for pair in ordered if (found := reader.customer_id(*pair)) is not None])
    profiles = [profile for name in customers if (profile := reader.visitor(name)) is not None]
    if not profiles:
        return Person(None, _unit(*ordered[0]) if ordered else "", frozenset(), tuple(customers))
    if len(customers) == 1:
        return person_of(profiles[0])
    granted = frozenset.intersection(*(_granted(profile) for profile in profiles))
    agreed = frozenset.intersection(*(frozenset(profile.agreed) for profile in profiles))
    return Person(profiles[0], profiles[0].customer_id, granted, tuple(customers), _refusals(profiles), agreed=agreed)


def _person_named(reader: SnapshotReader, pair: tuple[str, str]) -> Person:
    customer = reader.customer_id(*pair)
    profile = None if customer is None else reader.visitor(customer)
    if profile is not None:
        return person_of(profile)
    return Person(None, _unit(*pair), _NOTHING, () if customer is None else (customer,))


def person_of(profile: ProfileRecord) -> Person:
    """The person of one profile, as an identifier of theirs alone would find them."""
    return Person(
        profile,
        profile.customer_id,
        _granted(profile),
        (profile.customer_id,),
        _refusals([profile]) if profile.refusals else {},
        agreed=frozenset(profile.agreed) if profile.agreed else _NOTHING,
    )


def _weakness(pair: tuple[str, str]) -> tuple[int, tuple[str, str]]:
    return _STRENGTH.get(pair[0], len(_STRENGTH)), pair


def _unit(kind: str, value_hash: str) -> str:
    """The name of a stranger: the part of the hash that no rotation of keys changes."""
    return f"{kind}/{name_of(value_hash)}"


def _granted(profile: ProfileRecord) -> frozenset[str]:
    flags = (
        profile.consent_analytics,
        profile.consent_personalization,
        profile.consent_marketing_email,
        profile.consent_profiling_price,
    )
    said = _BY_FLAGS[flags]
    return said.union(profile.consent_channels) if profile.consent_channels else said


def _refusals(profiles: Iterable[ProfileRecord]) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for profile in profiles:
        for purpose, said in profile.refusals.items():
            found.setdefault(purpose, []).extend(said)
    return found
