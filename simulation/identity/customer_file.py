"""crm.csv: the customer file, a line for each time a customer's data was saved."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulation.arrays import HOUR_US, I64, SECOND_US, Bool
from simulation.identity.company import Company
from simulation.identity.given_contacts import email_gaps, given_emails, given_phones, phone_gaps
from simulation.identity.noise import written_births, written_emails, written_phones
from simulation.identity.places import Written, full_profile, write_profile
from simulation.identity.population import NEVER_US
from simulation.identity.sightings import Profile, Sightings
from simulation.randomness import opaque, stream

SOURCE = "shop_crm"
# Most customers were on file before the period; the first export brings them all on its first morning.
ON_FILE_BEFORE_SHARE = 0.70
UPDATED_SHARE = 0.70


def customer_rows(company: Company) -> tuple[pa.Table, Sightings]:
    """The file as it landed, by time of saving, and who stands behind each line."""
    rng = stream(company.seed, "identity customer file")
    person, record, at_us = _savings(rng, company)
    is_second = record >= company.people.people
    email = _emails(rng, company, person, is_second)
    phone = phone_gaps(rng, company.contacts, given_phones(rng, company.contacts, person, at_us), company.knobs)
    on_file = company.accounts.is_card_on_file[person] & ~is_second
    card = np.where(on_file, company.accounts.card[person], -1)
    profile = full_profile(company, person, at_us)
    written = write_profile(rng, company, profile)
    born, legible = written_births(rng, profile.born, company.knobs)
    seen = Sightings(
        SOURCE,
        person,
        at_us,
        {"crm_id": record, "loyalty_id": card, "email": email, "phone": phone},
        Profile(profile.given, profile.family, profile.home, profile.area, legible),
    )
    return _table(rng, company, seen, written, born), seen


def record_names(company: Company) -> list[str]:
    """Customer numbers by code."""
    return opaque(company.seed, "crm", np.arange(2 * company.people.people), "C")


def card_names(company: Company) -> list[str]:
    """Card numbers by code."""
    return opaque(company.seed, "card", np.arange(company.people.people), "K")


def _savings(rng: np.random.Generator, company: Company) -> tuple[I64, I64, I64]:
    accounts, people, period = company.accounts, company.people, company.period
    first, twice = np.flatnonzero(accounts.is_on_file), np.flatnonzero(accounts.is_twice_on_file)
    span = period.end_us - period.start_us
    opened = period.start_us + (rng.random(len(first)) * span).astype(np.int64)
    before = rng.random(len(first)) < ON_FILE_BEFORE_SHARE
    opened = np.where(before, period.start_us + (rng.random(len(first)) * HOUR_US).astype(np.int64), opened)
    again = period.start_us + (rng.random(len(twice)) * span).astype(np.int64)
    changed = np.minimum(people.moved_at_us[first], people.surname_at_us[first])
    updates = (changed != NEVER_US) & (changed > opened) & (rng.random(len(first)) < UPDATED_SHARE)
    updated = np.minimum(changed[updates] + 24 * HOUR_US, period.end_us - SECOND_US)
    person = np.concatenate([first, twice, first[updates]]).astype(np.int64)
    record = np.concatenate([first, twice + people.people, first[updates]]).astype(np.int64)
    at_us = np.concatenate([opened, again, updated]) // SECOND_US * SECOND_US
    order = np.lexsort((record, at_us))
    return person[order], record[order], at_us[order]


def _emails(rng: np.random.Generator, company: Company, person: I64, is_second: Bool) -> I64:
    knobs = company.knobs
    code = given_emails(rng, company.contacts, person, knobs.other_email_share)
    # Who is filed twice mostly gave another address, or none: or else the clerk would have found the first record.
    other = np.where(rng.random(len(person)) < 0.5, company.contacts.second_email[person], code)
    return email_gaps(rng, company.contacts, np.where(is_second, other, code), knobs)


def _table(
    rng: np.random.Generator, company: Company, seen: Sightings, written: Written, born: list[str | None]
) -> pa.Table:
    saved = pa.array(seen.at_us, pa.int64()).cast(pa.timestamp("us")).cast(pa.timestamp("s"))
    return pa.table(
        {
            "customer_no": _taken(record_names(company), seen.codes["crm_id"]),
            "saved_on": saved,
            "first_name": written.given,
            "surname": written.family,
            "street": written.street,
            "zip": written.postal_code,
            "town": written.city,
            "date_of_birth": pa.array(born, pa.string()),
            "mail": pa.array(written_emails(rng, company.contacts.emails, seen.codes["email"]), pa.string()),
            "mobile": pa.array(written_phones(rng, company.contacts.phones, seen.codes["phone"]), pa.string()),
            "club_card": _taken(card_names(company), seen.codes["loyalty_id"]),
        }
    )


def _taken(names: list[str], codes: I64) -> pa.Array:
    return pa.array([None if code < 0 else names[code] for code in codes.tolist()], pa.string())
