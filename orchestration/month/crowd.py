"""Who may visit: the demo's customers with their segments as the service knows them, and strangers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.project import Project
from orchestration.cli.published import Published
from orchestration.demo.people import own_identifiers
from simulation.month.planted import Planted, plant
from simulation.month.shoppers import Shoppers, draw_shoppers

UNKNOWN = -1
# What a shop's server names beside the cookie; the first that a person has.
_RECOGNISED_BY = ("login", "loyalty_id")
_SEGMENTS = """
select i.type, i.value_hash, coalesce(s.segment_id, -1) as segment_id
from identity.identity_assignment a
join identity.identifier i using (identifier_key)
left join marts.customer_segments s on s.customer_id = a.canonical_id
where a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01'
"""


@dataclass(frozen=True)
class Crowd:
    """The shoppers, and the truth by which they respond."""

    shoppers: Shoppers
    planted: Planted


def draw_crowd(project: Project, identifiers: Path, number: int, seed: int) -> Crowd:
    """Draw the shoppers of a month.

    Args:
        project: whose published tables say in which segment a customer is.
        identifiers: the demo's truth of who has which identifier.
        number: shoppers in all.
        seed: of this draw and of the planted truth.

    Raises:
        ValueError: `number` is outside its bounds.
    """
    published = Published.current(project.paths)
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    segment_of = {(row["type"], row["value_hash"]): int(row["segment_id"]) for row in published.rows(_SEGMENTS)}
    known = []
    for own in own_identifiers(identifiers).values():
        kind = next((kind for kind in _RECOGNISED_BY if kind in own), None)
        if kind is None:
            continue
        segment = segment_of.get((kind, str(hash_identifier(key, kind, own[kind], region))))
        if segment is not None:
            known.append((((kind, own[kind]),), segment))
    segments = sorted({UNKNOWN, *(segment for _, segment in known)})
    place = {segment: at for at, segment in enumerate(segments)}
    people = [(pairs, place[segment]) for pairs, segment in known]
    return Crowd(draw_shoppers(people, number, place[UNKNOWN], seed), plant(segments, seed))
