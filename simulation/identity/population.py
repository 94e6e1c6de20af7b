"""People in households: names, birth dates, where they live, who moves or takes another name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import DAY_US, I64, Bool, positions_within
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.name_lists import family_names, given_names
from simulation.randomness import stream

NEVER_US = np.iinfo(np.int64).max
_SIZES, _SIZE_SHARES = (2, 3, 4, 5), (0.56, 0.22, 0.16, 0.06)
# Customers of one shop in one postal code: a tenth of the eight thousand residents of a typical one.
PEOPLE_PER_POSTAL_CODE = 800


@dataclass(frozen=True)
class Period:
    """The days of the simulation in microseconds: `start_us` is a midnight, `end_us` the one after the last day."""

    start_us: int
    days: int

    @property
    def end_us(self) -> int:
        """The first moment after the period."""
        return self.start_us + self.days * DAY_US

    @property
    def years(self) -> float:
        """Length in years."""
        return self.days / 365.0


@dataclass(frozen=True)
class Population:
    """Arrays of one entry a person; `home*` are address numbers, `born` days since 1970.

    `family_later` and `home_later` hold from `surname_at_us` and `moved_at_us` on (`NEVER_US`: never).
    """

    period: Period
    household: I64
    household_size: I64
    position: I64
    sex: I64
    given: I64
    family: I64
    family_later: I64
    surname_at_us: I64
    born: I64
    home: I64
    home_later: I64
    moved_at_us: I64
    is_twin: Bool
    is_namesake: Bool
    addresses: int
    postal_codes: int

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.household)

    def family_at(self, person: I64, at_us: I64) -> I64:
        """The family name that each person bears at a moment."""
        return np.where(at_us >= self.surname_at_us[person], self.family_later[person], self.family[person])

    def home_at(self, person: I64, at_us: I64) -> I64:
        """The address at which each person lives at a moment."""
        return np.where(at_us >= self.moved_at_us[person], self.home_later[person], self.home[person])


def draw_population(people: int, period: Period, knobs: IdentityKnobs, seed: int) -> Population:
    """Draw everybody; the same arguments give the same people."""
    rng = stream(seed, "identity people")
    size = _household_sizes(rng, people, knobs.household_share)
    household = np.repeat(np.arange(len(size), dtype=np.int64), size)
    position, size_of = positions_within(size), size[household]
    sex = rng.integers(2, size=people)
    sex = np.where((position == 1) & (rng.random(people) < 0.93), 1 - np.roll(sex, 1), sex)
    born = _births(rng, position, household)
    given, family = _names(rng, sex, household, size_of, knobs)
    first, second = _pairs_of_members(size)
    twins, namesakes = _special_pairs(rng, people, first, knobs)
    born[second[twins]] = born[first[twins]]
    family[second[twins]], sex[second[twins]] = family[first[twins]], sex[first[twins]]
    given[second[twins]] = _other_name(given[first[twins]])
    for copied in (family, given, sex):
        copied[second[namesakes]] = copied[first[namesakes]]
    born[second[namesakes]] = born[first[namesakes]] + rng.integers(20 * 365, 35 * 365, len(namesakes))
    moved, home_later, addresses = _moves(rng, size, household, period, knobs)
    changes = rng.random(people) < knobs.surname_change_rate * period.years
    return Population(
        period=period,
        household=household,
        household_size=size_of,
        position=position,
        sex=sex,
        given=given,
        family=family,
        family_later=np.where(changes, family_draw(rng, people), family),
        surname_at_us=np.where(changes, _moments(rng, people, period), NEVER_US),
        born=born,
        home=household.copy(),
        home_later=home_later,
        moved_at_us=moved,
        is_twin=_marked(people, first[twins], second[twins]),
        is_namesake=_marked(people, first[namesakes], second[namesakes]),
        addresses=addresses,
        postal_codes=max(5, people // PEOPLE_PER_POSTAL_CODE),
    )


def family_draw(rng: np.random.Generator, count: int) -> I64:
    """Family names as frequent as they are."""
    weights = family_names().weights
    return np.asarray(rng.choice(len(weights), count, p=weights), dtype=np.int64)


def _household_sizes(rng: np.random.Generator, people: int, share: float) -> I64:
    size = rng.choice(_SIZES, people, p=_SIZE_SHARES)
    mean = float(np.dot(_SIZES, _SIZE_SHARES))
    # A share of people, so fewer households: each of several holds `mean` people.
    several = share / mean / (share / mean + (1 - share)) if share else 0.0
    size = np.where(rng.random(people) < several, size, 1)
    households = int(np.searchsorted(np.cumsum(size), people)) + 1
    size = np.asarray(size[:households], dtype=np.int64)
    size[-1] -= int(size.sum()) - people
    return size


def _births(rng: np.random.Generator, position: I64, household: I64) -> I64:
    # 1970-01-01 is day 0; heads are 22 to 80 in 2024, partners within ten years, the others 20 to 38 years younger.
    head = rng.integers(-26 * 365, 32 * 365, household.max() + 1)[household]
    partner = head + rng.integers(-8 * 365, 8 * 365, len(household))
    child = np.minimum(head + rng.integers(20 * 365, 38 * 365, len(household)), 38 * 365)
    return np.asarray(np.where(position == 0, head, np.where(position == 1, partner, child)), dtype=np.int64)


def _names(rng: np.random.Generator, sex: I64, household: I64, size_of: I64, knobs: IdentityKnobs) -> tuple[I64, I64]:
    names, name_sex = given_names()
    given = np.empty(len(sex), dtype=np.int64)
    for one in (0, 1):
        codes, mine = np.flatnonzero(name_sex == one), sex == one
        given[mine] = rng.choice(codes, int(mine.sum()), p=names.weights[codes] / names.weights[codes].sum())
    for back in range(1, max(_SIZES)):
        same = (household[back:] == household[:-back]) & (given[back:] == given[:-back])
        given[back:] = np.where(same, _other_name(given[back:]), given[back:])
    own, common = family_draw(rng, len(sex)), family_draw(rng, len(sex))[household]
    shares = (size_of > 1) & (rng.random(len(sex)) < knobs.household_surname_share)
    return given, np.where(shares, common, own)


def _other_name(given: I64) -> I64:
    """A name seven places further down the list, of the same sex nearly always."""
    return (given + 7) % len(given_names()[0].names)


def _pairs_of_members(size: I64) -> tuple[I64, I64]:
    """First and last person of each household of several."""
    last = np.cumsum(size) - 1
    several = size > 1
    return (last - size + 1)[several], last[several]


def _special_pairs(rng: np.random.Generator, people: int, first: I64, knobs: IdentityKnobs) -> tuple[I64, I64]:
    """Which households hold twins, and which others a senior and a junior."""
    order = rng.permutation(len(first))
    twins = min(_pairs(people, knobs.twin_share), len(order))
    namesakes = min(_pairs(people, knobs.senior_junior_share), len(order) - twins)
    return order[:twins], order[twins : twins + namesakes]


def _pairs(people: int, share: float) -> int:
    return round(people * share / 2)


def _moves(
    rng: np.random.Generator, size: I64, household: I64, period: Period, knobs: IdentityKnobs
) -> tuple[I64, I64, int]:
    households = len(size)
    moves = rng.random(households) < knobs.move_rate * period.years
    at = np.where(moves, _moments(rng, households, period), NEVER_US)
    new = np.where(moves, households + np.cumsum(moves) - 1, np.arange(households))
    return at[household], new[household].astype(np.int64), households + int(moves.sum())


def _moments(rng: np.random.Generator, count: int, period: Period) -> I64:
    return (period.start_us + rng.random(count) * (period.end_us - period.start_us)).astype(np.int64)


def _marked(people: int, *members: I64) -> Bool:
    mask = np.zeros(people, dtype=np.bool_)
    mask[np.concatenate(members)] = True
    return mask
