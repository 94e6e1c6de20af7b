"""Accounts, loyalty cards and numbers in the customer file, and which person has which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import I64, Bool
from simulation.identity.contacts import Contacts
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.population import Population
from simulation.randomness import stream

# Cards are handed out with an entry in the customer file.
CARD_SHARE = 0.75
MAIL_RECEIPT_SHARE = 0.30


@dataclass(frozen=True)
class Accounts:
    """One entry a person; codes are -1 where there is none. A second login has the code people + number."""

    has_account: Bool
    second_login: I64
    login_email: I64
    second_login_email: I64
    card: I64
    is_card_on_file: Bool
    wants_mail_receipt: Bool
    is_on_file: Bool
    is_twice_on_file: Bool


def draw_accounts(people: Population, contacts: Contacts, knobs: IdentityKnobs, seed: int) -> Accounts:
    """Draw who signed up for what."""
    rng, count = stream(seed, "identity accounts"), people.people
    everyone = np.arange(count, dtype=np.int64)
    has_account = rng.random(count) >= knobs.no_account_share
    second = has_account & (rng.random(count) < knobs.second_account_share)
    shows_mail = rng.random(count) >= knobs.login_without_email_share
    on_file = rng.random(count) >= knobs.no_record_share
    return Accounts(
        has_account=has_account,
        second_login=np.where(second, count + everyone, -1),
        login_email=np.where(shows_mail, contacts.email, -1),
        second_login_email=np.where(shows_mail, contacts.second_email, -1),
        card=np.where(on_file & (rng.random(count) < CARD_SHARE), everyone, -1),
        is_card_on_file=rng.random(count) >= knobs.unlinked_card_share,
        wants_mail_receipt=rng.random(count) < MAIL_RECEIPT_SHARE,
        is_on_file=on_file,
        is_twice_on_file=on_file & (rng.random(count) < knobs.second_record_share),
    )
