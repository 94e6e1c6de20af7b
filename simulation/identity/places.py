"""Names and addresses as a source writes them down."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulation.arrays import I64
from simulation.identity.addresses import cities, postal_area, postal_codes, street_of
from simulation.identity.company import Company
from simulation.identity.name_lists import family_names, given_names
from simulation.identity.noise import written_names, written_streets
from simulation.identity.sightings import Profile


class Written(NamedTuple):
    """Text a row; None where the profile does not state it."""

    given: list[str | None]
    family: list[str | None]
    street: list[str | None]
    postal_code: list[str | None]
    city: list[str | None]


def full_profile(company: Company, person: I64, at_us: I64) -> Profile:
    """Everything true of each person at a moment."""
    people = company.people
    home = people.home_at(person, at_us)
    return Profile(
        given=people.given[person],
        family=people.family_at(person, at_us),
        home=home,
        area=postal_area(home, people.postal_codes, company.seed),
        born=people.born[person],
    )


def write_profile(rng: np.random.Generator, company: Company, profile: Profile) -> Written:
    """Write names and places with the slips of the trade."""
    given = written_names(rng, given_names()[0], np.maximum(profile.given, 0), company.knobs)
    family = written_names(rng, family_names(), np.maximum(profile.family, 0), company.knobs)
    streets = written_streets(rng, street_of(np.maximum(profile.home, 0), company.seed), company.knobs)
    areas, towns = postal_codes(company.people.postal_codes), cities(company.people.postal_codes)
    area = np.maximum(profile.area, 0).tolist()
    return Written(
        _where_stated(given, profile.given),
        _where_stated(family, profile.family),
        _where_stated(streets, profile.home),
        _where_stated([areas[one] for one in area], profile.area),
        _where_stated([towns[one] for one in area], profile.area),
    )


def _where_stated(text: list[str], code: I64) -> list[str | None]:
    return [word if stated else None for word, stated in zip(text, (code >= 0).tolist(), strict=True)]
