"""Draws the whole company once and keeps it together for sources, truth and ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from simulation.arrays import DAY_US
from simulation.identity.accounts import Accounts, draw_accounts
from simulation.identity.contacts import Contacts, draw_contacts
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.population import Period, Population, draw_population

PEOPLE = (100, 1_000_000)
DAYS = (7, 730)
FIRST_DAY = date(2024, 1, 1)


@dataclass(frozen=True)
class Company:
    """Everybody and everything they can be known by."""

    people: Population
    contacts: Contacts
    accounts: Accounts
    knobs: IdentityKnobs
    seed: int

    @property
    def period(self) -> Period:
        """When it all happens."""
        return self.people.period


def draw_company(people: int, days: int, seed: int, knobs: IdentityKnobs, start: date = FIRST_DAY) -> Company:
    """Draw people, contacts and accounts.

    Args:
        people: 100 to 1,000,000.
        days: 7 to 730, from the midnight (UTC) of `start`.

    Raises:
        ValueError: a number is outside its bounds.
    """
    for name, value, (least, most) in (("people", people, PEOPLE), ("days", days, DAYS)):
        if not least <= value <= most:
            raise ValueError(f"{name}: {value} is outside {least} to {most}")
    period = Period(int(np.datetime64(start, "us").astype(np.int64)) // DAY_US * DAY_US, days)
    population = draw_population(people, period, knobs, seed)
    contacts = draw_contacts(population, knobs, seed)
    accounts = draw_accounts(population, contacts, knobs, seed)
    return Company(population, contacts, accounts, knobs, seed)
