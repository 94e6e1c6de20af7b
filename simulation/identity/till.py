"""pos.parquet: receipts of the tills, with a loyalty card, or with name and place for a delivery, or both."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulation.arrays import I64, Bool, labels, timestamps
from simulation.identity.company import Company
from simulation.identity.customer_file import card_names
from simulation.identity.given_contacts import given_phones
from simulation.identity.noise import written_emails, written_phones
from simulation.identity.occasions import moments
from simulation.identity.places import Written, full_profile, write_profile
from simulation.identity.sightings import UNKNOWN, Profile, Sightings
from simulation.randomness import opaque, stream

SOURCE = "shop_pos"
CARD_RECEIPTS_PER_YEAR = 8.0
CARD_ON_DELIVERY_SHARE = 0.35
PHONE_ON_DELIVERY_SHARE = 0.60
_STORES = 12


def till_rows(company: Company) -> tuple[pa.Table, Sightings]:
    """Receipts by time, and who stands behind each."""
    rng = stream(company.seed, "identity till")
    accounts, everyone = company.accounts, np.arange(company.people.people, dtype=np.int64)
    holders = everyone[accounts.card >= 0]
    bought, bought_at = moments(rng, company.period, holders, CARD_RECEIPTS_PER_YEAR)
    sent, sent_at = moments(rng, company.period, everyone, company.knobs.delivery_rate)
    person, at_us = np.concatenate([bought, sent]), np.concatenate([bought_at, sent_at])
    delivered = np.concatenate([np.zeros(len(bought), np.bool_), np.ones(len(sent), np.bool_)])
    order = np.lexsort((delivered, person, at_us))
    person, at_us, delivered = person[order], at_us[order], delivered[order]
    shows_card = ~delivered | (rng.random(len(person)) < CARD_ON_DELIVERY_SHARE)
    phone = np.where(
        delivered & (rng.random(len(person)) < PHONE_ON_DELIVERY_SHARE),
        given_phones(rng, company.contacts, person, at_us),
        -1,
    )
    mailed = ~delivered & accounts.wants_mail_receipt[person]
    codes = {
        "pos_id": np.where(delivered, np.cumsum(delivered) - 1, -1),
        "loyalty_id": np.where(shows_card, accounts.card[person], -1),
        "email": np.where(mailed, company.contacts.email[person], -1),
        "phone": phone,
    }
    has_street = rng.random(len(person)) >= company.knobs.delivery_postal_only_share
    seen = Sightings(SOURCE, person, at_us, codes, _profile(company, person, at_us, delivered, has_street))
    return _table(rng, company, seen, delivered), seen


def delivery_names(company: Company, count: int) -> list[str]:
    """Delivery numbers by code."""
    return opaque(company.seed, "delivery", np.arange(count), "D")


def _profile(company: Company, person: I64, at_us: I64, delivered: Bool, has_street: Bool) -> Profile:
    full = full_profile(company, person, at_us)
    return Profile(
        given=np.where(delivered, full.given, -1),
        family=np.where(delivered, full.family, -1),
        home=np.where(delivered & has_street, full.home, -1),
        area=np.where(delivered, full.area, -1),
        born=np.full(len(person), UNKNOWN),
    )


def _table(rng: np.random.Generator, company: Company, seen: Sightings, delivered: Bool) -> pa.Table:
    rows = np.flatnonzero(delivered)
    written = _written_deliveries(rng, company, seen, rows)
    count, codes = len(seen.person), seen.codes
    amount = np.round(rng.lognormal(3.3, 0.7, count), 2)
    deliveries = delivery_names(company, len(rows))
    columns = {
        "receipt_no": pa.array(opaque(company.seed, "receipt", np.arange(count), "R")),
        "sold_at": timestamps(seen.at_us),
        "store": pa.array(rng.integers(_STORES, size=count) + 1).cast(pa.string()),
        "total": pa.array(amount),
        "club_card": labels(card_names(company), codes["loyalty_id"]),
        "delivery_no": labels(deliveries, codes["pos_id"]),
        "receipt_mail": pa.array(written_emails(rng, company.contacts.emails, codes["email"]), pa.string()),
        "deliver_phone": pa.array(written_phones(rng, company.contacts.phones, codes["phone"]), pa.string()),
    }
    row_of = np.where(delivered, np.cumsum(delivered) - 1, -1)
    taken = pa.array(row_of, mask=row_of < 0)
    for name, text in (
        ("deliver_first_name", written.given),
        ("deliver_surname", written.family),
        ("deliver_street", written.street),
        ("deliver_zip", written.postal_code),
    ):
        columns[name] = pa.array(text, pa.string()).take(taken)
    return pa.table(columns)


def _written_deliveries(rng: np.random.Generator, company: Company, seen: Sightings, rows: I64) -> Written:
    profile = seen.profile
    assert profile is not None  # noqa: S101
    return write_profile(
        rng,
        company,
        Profile(profile.given[rows], profile.family[rows], profile.home[rows], profile.area[rows], profile.born[rows]),
    )
