"""The limits that keep two people out of one profile."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class IdentityRules:
    """What one person may hold, and when an identifier stops telling people apart.

    Attributes:
        logins_per_person: 1 = exclusive: two logins are two people, whatever else they share.
        loyalty_ids_per_person: likewise for loyalty ids.
        emails_per_person: within `window_days` of arrival; beyond 5 a value is a placeholder or a shop assistant far
            more often than a person. Likewise `phones_per_person` and `devices_per_person`.
        weak_max_logins: a device, cookie or click id seen with more distinct logins than this is shared; likewise
            `weak_max_loyalty_ids`, `weak_max_emails` and `weak_max_phones`.
        contact_max_owners: an e-mail or phone seen with more distinct logins (or loyalty ids) than this is shared.
        blocked_above: an identifier seen with more distinct owners of one type than this belongs to nobody (kiosk).
        device_half_life_days: after so many days an observation of an owner with a shared device counts half; likewise
            `email_half_life_days` and `phone_half_life_days`.
    """

    logins_per_person: int = 1
    loyalty_ids_per_person: int = 1
    emails_per_person: int = 5
    phones_per_person: int = 5
    devices_per_person: int = 5
    window_days: int = 365
    weak_max_logins: int = 1
    weak_max_loyalty_ids: int = 1
    weak_max_emails: int = 2
    weak_max_phones: int = 2
    contact_max_owners: int = 1
    blocked_above: int = 5
    device_half_life_days: float = 30.0
    email_half_life_days: float = 365.0
    phone_half_life_days: float = 180.0

    def __post_init__(self) -> None:
        """Raise ValueError for a limit below one or a half-life that is not positive."""
        for setting in fields(self):
            value = getattr(self, setting.name)
            least = 1 if setting.type == "int" else 0.001
            if value < least:
                raise ValueError(f"identity.{setting.name}: {value} is below {least}")
