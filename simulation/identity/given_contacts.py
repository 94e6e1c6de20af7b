"""Which address and number a person gives on one occasion."""

from __future__ import annotations

import numpy as np

from simulation.arrays import I64
from simulation.identity.contacts import DUMMY_EMAILS, DUMMY_PHONES, Contacts
from simulation.identity.knobs import IdentityKnobs


def given_emails(rng: np.random.Generator, contacts: Contacts, person: I64, other: float) -> I64:
    """A code a row: the usual address, in `other` of the rows another one, or the household's."""
    chance = rng.random((3, len(person)))
    code = contacts.email[person]
    second, work, shared = (
        values[person] for values in (contacts.second_email, contacts.work_email, contacts.shared_email)
    )
    code = np.where((second >= 0) & (chance[0] < other), second, code)
    code = np.where((work >= 0) & (chance[1] < other), work, code)
    return np.where((shared >= 0) & (chance[2] < 0.5), shared, code)


def given_phones(rng: np.random.Generator, contacts: Contacts, person: I64, at_us: I64) -> I64:
    """A code a row: the mobile number held at the time, or the household's or the office's."""
    chance = rng.random((3, len(person)))
    code = np.where(at_us < contacts.phone_lost_us[person], contacts.mobile[person], -1)
    taken_over = (at_us >= contacts.inherited_us[person]) & (chance[0] < 0.7)
    code = np.where(taken_over, contacts.inherited_phone[person], code)
    landline, office = contacts.landline[person], contacts.office_phone[person]
    code = np.where((landline >= 0) & (chance[1] < 0.35), landline, code)
    return np.where((office >= 0) & (chance[2] < 0.5), office, code)


def with_gaps(rng: np.random.Generator, code: I64, first_dummy: int, dummies: int, knobs: IdentityKnobs) -> I64:
    """Leave out a share of the codes and fill a part of the gaps with dummies."""
    missing, filled = rng.random((2, len(code)))
    dummy = first_dummy + rng.integers(dummies, size=len(code))
    gap = np.where(filled < knobs.placeholder_share, dummy, -1)
    return np.where(missing < knobs.missing_contact_share, gap, code)


def email_gaps(rng: np.random.Generator, contacts: Contacts, code: I64, knobs: IdentityKnobs) -> I64:
    """E-mail codes with gaps and dummies."""
    return with_gaps(rng, code, contacts.dummy_email, len(DUMMY_EMAILS), knobs)


def phone_gaps(rng: np.random.Generator, contacts: Contacts, code: I64, knobs: IdentityKnobs) -> I64:
    """Phone codes with gaps and dummies."""
    return with_gaps(rng, code, contacts.dummy_phone, len(DUMMY_PHONES), knobs)
