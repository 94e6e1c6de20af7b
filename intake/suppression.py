"""Which events must not come in: their person refused the source's purpose, or was never asked where asking is due."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.consent import ALWAYS_STORED
from intake.consent_history import GRANTED, REFUSED, ConsentHistory
from intake.ops_records import ConsentChange
from intake.purposes import MARKETING
from intake.regime import ConsentRules
from intake.values import Mask, flat, mask_of

ALWAYS_STORED_TYPES = (
    "order_completed", "order_refunded", "return_requested", "return_received", "delivery_promised",
    "delivery_dispatched", "delivery_completed", "delivery_failed", "subscription_started", "subscription_renewed",
    "subscription_cancelled", "consent_updated",
)  # fmt: skip
"""Whatever the source's purpose: what was agreed on is booked, revenue stays true, and consent itself must be known."""


class Suppressed(NamedTuple):
    """Events to leave out, each for one reason."""

    refused: Mask
    absent: Mask

    @property
    def any(self) -> Mask:
        """Events left out for either reason."""
        return np.asarray(self.refused | self.absent)


class Refusals:
    """Judges the events of a source by what was said of its purpose, and by the regime where nothing was said."""

    def __init__(
        self,
        changes: Iterable[ConsentChange] = (),
        purpose: str = ALWAYS_STORED,
        rules: ConsentRules | None = None,
        history: ConsentHistory | None = None,
    ) -> None:
        self.purpose, self.rules = purpose, rules or ConsentRules()
        self._history = history or ConsentHistory(changes)
        # Silence forbids to write to somebody; that a letter went out is on record, and only a refusal removes that.
        self._asks_first = purpose not in (ALWAYS_STORED, *MARKETING) and self.rules.asks_first(purpose)

    def extended(self, changes: Iterable[ConsentChange]) -> Refusals:
        """The same, with what was said since."""
        mine = [change for change in changes if change.purpose == self.purpose]
        if not mine:
            return self
        return Refusals(purpose=self.purpose, rules=self.rules, history=self._history.extended(mine))

    def judge(self, events: pa.Table) -> Suppressed:
        """Events whose identifiers had refused the purpose when they happened, and those that lack a yes."""
        refused, absent = np.zeros(events.num_rows, dtype=bool), np.zeros(events.num_rows, dtype=bool)
        if not len(self._history) and not self._asks_first:
            return Suppressed(refused, absent)
        lists = flat(events.column("identifiers"))
        owners = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        occurred = flat(events.column("occurred_at").cast(pa.int64())).to_numpy(zero_copy_only=False)
        values = pc.struct_field(pc.list_flatten(lists), "value")
        state = self._history.last_word(values, occurred[owners]).state
        refused[owners[state == REFUSED]] = True
        if self._asks_first:
            absent[owners] = True
            absent[owners[state == GRANTED]] = False
            absent &= ~refused & self._opt_in(events)
        free = ~mask_of(flat(pc.is_in(events.column("event_type"), value_set=pa.array(ALWAYS_STORED_TYPES))))
        return Suppressed(refused & free, absent & free)

    def _opt_in(self, events: pa.Table) -> Mask:
        """Where the place that an event names asks first."""
        country, region = (pc.fill_null(flat(events.column(name)), "") for name in ("country", "region"))
        places = pc.binary_join_element_wise(country, region, "\x1f").dictionary_encode()
        pairs = [place.split("\x1f") for place in places.dictionary.to_pylist()]
        strict = np.array([self.rules.regime(self.purpose, *pair) == "opt_in" for pair in pairs], dtype=bool)
        return np.asarray(strict[places.indices.to_numpy(zero_copy_only=False)])
