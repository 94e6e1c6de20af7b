"""How often each hard case occurs. Zero removes a case."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Self


def _knob(default: float, most: float, meaning: str) -> Any:
    return field(default=default, metadata={"most": most, "meaning": meaning})


@dataclass(frozen=True)
class IdentityKnobs:
    """Shares are 0 to 1 unless the bound says less; yearly rates are per person and year.

    Defaults are set to what a mid-sized shop with stores and a web shop would see: moves from census figures (about 9 %
    a year), the rest by judgement, on the pessimistic side.

    Raises:
        ValueError: a knob is outside 0 and its bound.
    """

    household_share: float = _knob(0.60, 1.0, "people who live with another customer")
    household_surname_share: float = _knob(0.82, 1.0, "of those, who bear the household's surname")
    shared_email_share: float = _knob(0.06, 1.0, "households of several that also use one common e-mail address")
    shared_phone_share: float = _knob(0.15, 1.0, "households of several with a landline")
    shared_tablet_share: float = _knob(0.10, 1.0, "households of several with a common tablet")
    twin_share: float = _knob(0.010, 0.2, "people who live with their twin")
    senior_junior_share: float = _knob(0.008, 0.2, "people who share full name and address with parent or child")
    nickname_share: float = _knob(0.06, 1.0, "records with a short form of the given name")
    typo_share: float = _knob(0.04, 1.0, "records with a slip in given name, family name or street")
    transliteration_share: float = _knob(0.50, 1.0, "records that spell a name with accents in another way")
    swapped_birth_share: float = _knob(0.01, 1.0, "records with day and month of birth exchanged where that is a date")
    move_rate: float = _knob(0.09, 2.0, "households that move, per year")
    surname_change_rate: float = _knob(0.008, 2.0, "people who take another surname, per year")
    second_account_share: float = _knob(0.02, 1.0, "account holders with a second account")
    second_record_share: float = _knob(0.04, 1.0, "people in the customer file who stand there twice")
    recycled_phone_share: float = _knob(0.015, 0.5, "mobile numbers that pass to a stranger within the period")
    cookie_rotation: float = _knob(1.0, 10.0, "1: a browser's cookie lives 120 days on average; 2: 60 days")
    kiosk_share: float = _knob(0.02, 0.5, "people who log in on a store's kiosk, 40 a kiosk")
    bot_share: float = _knob(0.0002, 0.01, "bots per person, each with 80 e-mail addresses, half of them stolen")
    placeholder_share: float = _knob(0.15, 1.0, "missing e-mails and phones that a clerk filled with a dummy")
    zero_advertising_share: float = _knob(0.10, 1.0, "app devices that send the zeroed advertising id")
    work_email_share: float = _knob(0.12, 1.0, "people with an address at an employer's domain")
    office_phone_share: float = _knob(0.20, 1.0, "of those, who also give the employer's switchboard number")
    guest_order_rate: float = _knob(0.60, 12.0, "guest orders per person and year")
    guest_nameless_share: float = _knob(0.35, 1.0, "guest orders with e-mail or phone only, without name and address")
    delivery_rate: float = _knob(0.80, 12.0, "deliveries from the till per person and year")
    delivery_postal_only_share: float = _knob(0.15, 1.0, "of those, with name and postal code but no street")
    no_account_share: float = _knob(0.40, 1.0, "people without an account")
    no_record_share: float = _knob(0.12, 1.0, "people who are not in the customer file")
    unlinked_card_share: float = _knob(0.06, 1.0, "card holders whose customer record lacks the card number")
    missing_contact_share: float = _knob(0.10, 1.0, "records without e-mail; likewise without phone")
    other_email_share: float = _knob(0.08, 1.0, "records with another of the person's addresses than the usual one")
    login_without_email_share: float = _knob(0.03, 1.0, "accounts whose logins do not show the e-mail address")
    missing_birth_share: float = _knob(0.30, 1.0, "records without date of birth")
    anonymous_visit_share: float = _knob(0.20, 1.0, "account holders' visits by browser without login")
    cookieless_stranger_share: float = _knob(0.95, 1.0, "visits that people without an account spare themselves")

    def __post_init__(self) -> None:
        for item in fields(self):
            value, most = getattr(self, item.name), float(item.metadata["most"])
            if not 0 <= value <= most:
                raise ValueError(f"{item.name}: {value} is outside 0 to {most}")

    @classmethod
    def without_noise(cls) -> Self:
        """Every knob at zero: everybody alone, in the customer file with card, account and contacts."""
        return cls(**{item.name: 0.0 for item in fields(cls)})
