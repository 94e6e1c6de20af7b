"""Phones, computers, household tablets and kiosks, and the cookies in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import DAY_US, F64, I64, Bool
from simulation.identity.company import Company
from simulation.randomness import scrambled, stream

PEOPLE_PER_KIOSK = 40
COOKIE_DAYS = 120
_APP_SHARE, _WEB_VIEW_SHARE, _SECOND_DEVICE_SHARE = 0.35, 0.20, 0.40


@dataclass(frozen=True)
class Devices:
    """Devices by number: two for each person, then a tablet for each household, then kiosks.

    Attributes:
        tablet: the household's tablet for each person, -1 without one.
        kiosk: the kiosk that each person uses, -1 for none.
        has_second: whether each person's second device exists.
    """

    first_kiosk: int
    count: int
    tablet: I64
    kiosk: I64
    has_second: Bool
    seed: int
    rotation: float

    def shows_device(self, device: I64) -> Bool:
        """Whether the device sends an id of its own, as apps and kiosks do."""
        return np.asarray((self._draw("kind", device) < _APP_SHARE) | (device >= self.first_kiosk))

    def keeps_cookie(self, device: I64) -> Bool:
        """Whether it has a cookie: browsers, and apps with a web view; kiosks are wiped after each customer."""
        is_app = self._draw("kind", device) < _APP_SHARE
        return np.asarray((~is_app | (self._draw("view", device) < _WEB_VIEW_SHARE)) & (device < self.first_kiosk))

    def zeroed(self, device: I64, share: float) -> Bool:
        """Devices that send the zeroed advertising id."""
        return np.asarray((self._draw("zeroed", device) < share) & (device < self.first_kiosk))

    def cookie_age(self, device: I64, at_us: I64) -> I64:
        """How many cookies the device had before the one of this moment."""
        if not self.rotation:
            return np.zeros(len(device), dtype=np.int64)
        lifetime = (0.3 + 1.4 * self._draw("lifetime", device)) * COOKIE_DAYS / self.rotation * DAY_US
        return np.floor(at_us / lifetime + self._draw("born", device)).astype(np.int64)

    def _draw(self, name: str, device: I64) -> F64:
        return np.asarray(scrambled(self.seed, f"identity device {name}", device) / np.float64(2**64))


def draw_devices(company: Company) -> Devices:
    """Draw which devices exist and who shares them."""
    rng, people, knobs = stream(company.seed, "identity devices"), company.people, company.knobs
    count, households = people.people, int(people.household.max()) + 1
    shares = (people.household_size > 1) & (rng.random(count)[people.household] < knobs.shared_tablet_share)
    members = np.flatnonzero(company.accounts.has_account & (rng.random(count) < knobs.kiosk_share))
    kiosk = np.full(count, -1, dtype=np.int64)
    first_kiosk = 2 * count + households
    kiosk[rng.permutation(members)] = first_kiosk + np.arange(len(members)) // PEOPLE_PER_KIOSK
    return Devices(
        first_kiosk=first_kiosk,
        count=first_kiosk + len(members) // PEOPLE_PER_KIOSK + 1,
        tablet=np.where(shares, 2 * count + people.household, -1),
        kiosk=kiosk,
        has_second=rng.random(count) < _SECOND_DEVICE_SHARE,
        seed=company.seed,
        rotation=knobs.cookie_rotation,
    )
