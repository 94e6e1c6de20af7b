"""Consent while a file is read: hears what its rows say, and judges them by all that was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from intake.consent import consent_changes, mark_unclear_consent
from intake.consent_history import ConsentHistory
from intake.consent_terms import Stated, stated_consents
from intake.contract import SourceContract
from intake.ops_records import ConsentChange
from intake.reasons import Reasons
from intake.stated_consent import stated_changes
from intake.suppression import Refusals, Suppressed
from intake.values import Mask, Whole

BROWSERS_POST = "service_log"
"""The kind of source that may not speak for people unless the shop vouches for the event."""


class ConsentDesk:
    """Keeps what the rows of one file say, and what was known before; `changes` is what is new."""

    def __init__(
        self, contract: SourceContract, refusals: Refusals, histories: Mapping[str, ConsentHistory] | None = None
    ) -> None:
        self.contract, self.changes = contract, list[ConsentChange]()
        self._refusals = refusals
        self._histories = defaultdict(ConsentHistory, histories or {})
        self._stated: dict[str, Stated] = {}

    def read(self, table: pa.Table, representatives: Whole, events: pa.Table, reasons: Reasons) -> None:
        """Read the consent columns of the rows behind these events; what cannot be understood is marked."""
        mark_unclear_consent(events, reasons)
        if self.contract.consents:
            heads = table.take(pa.array(representatives))
            self._stated = stated_consents(heads, self.contract.consents, reasons)

    def hear(self, events: pa.Table, fit: Mask) -> pa.Table:
        """Take down what the fit events say; events to store beside them for consent that stood in columns."""
        made = stated_changes(events, self._stated, fit, self._histories)
        self._stated = {}
        vouched = self.contract.kind != BROWSERS_POST
        told = events if fit.all() else events.filter(pa.array(fit))
        heard = consent_changes(told, vouched=vouched) + consent_changes(made, vouched=vouched)
        self._refusals = self._refusals.extended(heard)
        for purpose in self.contract.consents:
            mine = (change for change in heard if change.purpose == purpose)
            self._histories[purpose] = self._histories[purpose].extended(mine)
        self.changes += [replace(change, source=self.contract.name) for change in heard]
        return made

    def judge(self, events: pa.Table) -> Suppressed:
        """Which events must not come in."""
        return self._refusals.judge(events)
