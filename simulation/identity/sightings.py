"""What a source shows of people, row by row: the identifiers and the fields that a perfect reader could decipher."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simulation.arrays import I64

UNKNOWN = np.iinfo(np.int64).min
TYPES = ("login", "loyalty_id", "email", "phone", "crm_id", "pos_id", "device_id", "cookie", "click_id")


@dataclass(frozen=True)
class Profile:
    """True names and places behind a record, by code; -1 where the row does not state them.

    A typing slip, a short form or another spelling can be undone, so the true code stands here. `born` is `UNKNOWN`
    where it is missing or written wrongly.
    """

    given: I64
    family: I64
    home: I64
    area: I64
    born: I64


@dataclass(frozen=True)
class Sightings:
    """Rows of one source in file order.

    Attributes:
        person: who it really was; -1 for a bot.
        at_us: when it happened, which is also when it arrived.
        codes: for each identifier type shown, a code a row into that type's values; -1 for none.
        profile: names and places, for sources with personal data.
    """

    source: str
    person: I64
    at_us: I64
    codes: dict[str, I64] = field(default_factory=dict)
    profile: Profile | None = None
