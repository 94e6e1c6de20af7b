"""Who is asking: from hashed identifiers to one customer and what that customer has agreed to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from intake.event import IDENTIFIER_TYPES
from serving.placement import CONTACT_PURPOSES, Placement
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProfileRecord

PROFILE_PURPOSES = ("personalization", "marketing_email", "profiling_price")
"""Purposes that a profile carries a flag for."""

_STRENGTH = {kind: rank for rank, kind in enumerate(IDENTIFIER_TYPES)}


@dataclass(frozen=True)
class Person:
    """The customer behind a request; `profile` is None for an unknown one. `unit` is what draws are seeded by."""

    profile: ProfileRecord | None
    unit: str
    granted: frozenset[str]

    @property
    def known(self) -> bool:
        """Whether an identifier belongs to a customer of the snapshot."""
        return self.profile is not None

    def missing_purpose(self, placement: Placement) -> str | None:
        """First purpose without which this person gets no chosen answer here, or None.

        Contact needs consent from everybody. Purposes about the use of a profile concern known people only, since an
        unknown person is answered without one.
        """
        needed = [purpose for purpose in placement.consent if purpose in CONTACT_PURPOSES]
        if self.known:
            needed += ["personalization", *(p for p in placement.consent if p not in CONTACT_PURPOSES)]
        return next((purpose for purpose in needed if purpose not in self.granted), None)


def find_person(reader: SnapshotReader, identifiers: Iterable[tuple[str, str]]) -> Person:
    """The customer of the strongest identifier known; consent is what every customer named has granted."""
    ordered = sorted(identifiers, key=lambda pair: (_STRENGTH.get(pair[0], len(_STRENGTH)), pair))
    customers = dict.fromkeys(found for pair in ordered if (found := reader.customer_id(*pair)) is not None)
    profiles = [profile for name in customers if (profile := reader.profile(name)) is not None]
    if not profiles:
        return Person(None, "/".join(ordered[0]) if ordered else "", frozenset())
    granted = frozenset.intersection(*(_granted(profile) for profile in profiles))
    return Person(profiles[0], profiles[0].customer_id, granted)


def _granted(profile: ProfileRecord) -> frozenset[str]:
    return frozenset(purpose for purpose in PROFILE_PURPOSES if getattr(profile, f"consent_{purpose}"))
