"""guest_orders.csv: web orders without an account, some with an e-mail address or a phone number and nothing else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulation.arrays import I64, Bool
from simulation.identity.company import Company
from simulation.identity.given_contacts import email_gaps, given_emails, given_phones
from simulation.identity.noise import written_emails, written_phones
from simulation.identity.occasions import moments
from simulation.identity.places import full_profile, write_profile
from simulation.identity.sightings import UNKNOWN, Profile, Sightings
from simulation.randomness import opaque, stream

SOURCE = "shop_guest_orders"
# With e-mail only, with phone only, the rest with both.
MAIL_ONLY_SHARE, PHONE_ONLY_SHARE = 0.50, 0.20
OTHER_MAIL_SHARE = 2.0
_STRANGER_FACTOR, _MEMBER_FACTOR = 1.8, 0.45


def guest_rows(company: Company) -> tuple[pa.Table, Sightings]:
    """Orders by time, and who stands behind each."""
    rng = stream(company.seed, "identity guest orders")
    everyone = np.arange(company.people.people, dtype=np.int64)
    factor = np.where(company.accounts.has_account, _MEMBER_FACTOR, _STRANGER_FACTOR)
    person, at_us = moments(rng, company.period, everyone, company.knobs.guest_order_rate * factor)
    order = np.lexsort((person, at_us))
    person, at_us = person[order], at_us[order]
    way = rng.random(len(person))
    other = min(1.0, company.knobs.other_email_share * OTHER_MAIL_SHARE)
    email = given_emails(rng, company.contacts, person, other)
    phone = given_phones(rng, company.contacts, person, at_us)
    by_phone = (way < PHONE_ONLY_SHARE) & (phone >= 0)
    by_mail = ~by_phone & (way < PHONE_ONLY_SHARE + MAIL_ONLY_SHARE)
    email = np.where(by_phone, -1, email)
    # A few leave a made-up address in the field that the form demands.
    made_up = email_gaps(rng, company.contacts, np.full(len(email), -1), company.knobs)
    email = np.where((email >= 0) & (made_up >= 0) & (rng.random(len(email)) < 0.1), made_up, email)
    named = rng.random(len(person)) >= company.knobs.guest_nameless_share
    codes = {"email": email, "phone": np.where(by_mail, -1, phone)}
    seen = Sightings(SOURCE, person, at_us, codes, _profile(company, person, at_us, named))
    return _table(rng, company, seen), seen


def _profile(company: Company, person: I64, at_us: I64, named: Bool) -> Profile:
    full = full_profile(company, person, at_us)
    return Profile(
        given=np.where(named, full.given, -1),
        family=np.where(named, full.family, -1),
        home=np.where(named, full.home, -1),
        area=np.where(named, full.area, -1),
        born=np.full(len(person), UNKNOWN),
    )


def _table(rng: np.random.Generator, company: Company, seen: Sightings) -> pa.Table:
    profile = seen.profile
    assert profile is not None  # noqa: S101
    written = write_profile(rng, company, profile)
    count = len(seen.person)
    recipient = [
        None if first is None else f"{first} {last}" for first, last in zip(written.given, written.family, strict=True)
    ]
    emails = written_emails(rng, company.contacts.emails, seen.codes["email"])
    phones = written_phones(rng, company.contacts.phones, seen.codes["phone"])
    return pa.table(
        {
            "order_no": pa.array(opaque(company.seed, "guest order", np.arange(count), "G")),
            "ordered_at": pa.array(seen.at_us, pa.int64()).cast(pa.timestamp("us")).cast(pa.timestamp("s")),
            "recipient": pa.array(recipient, pa.string()),
            "street": pa.array(written.street, pa.string()),
            "zip": pa.array(written.postal_code, pa.string()),
            "town": pa.array(written.city, pa.string()),
            "mail": pa.array(emails, pa.string()),
            "phone": pa.array(phones, pa.string()),
            "total": pa.array(np.round(rng.lognormal(3.9, 0.6, count), 2)),
        }
    )
