"""Tables of the identity ledger and the rules each identifier type obeys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy.typing as npt
import pandas as pd

# Strongest first; the order in which an event chooses its anchor.
OWNER_TYPES: Final = ("login", "loyalty_id", "email", "phone", "crm_id", "pos_id")
WEAK_TYPES: Final = ("device_id", "cookie", "click_id")
# Two of these alone are no person. A click may join one: it comes to a single browser, before anybody has logged in.
BROWSER_TYPES: Final = ("device_id", "cookie")
# Listed, and read for accounts; they neither name nor tie anybody.
HINT_TYPES: Final = ("ip", "fingerprint")
IDENTIFIER_TYPES: Final = OWNER_TYPES + WEAK_TYPES + HINT_TYPES

FOREVER: Final = pd.Timestamp("9999-12-31", tz="UTC")

TIME: Final = "datetime64[us, UTC]"
TABLES: Final[dict[str, dict[str, str]]] = {
    "identifier": {
        "identifier_key": "int64",
        "type": "str",
        "value_hash": "str",
        "first_seen_at": TIME,
        "last_seen_at": TIME,
        "degree_by_type": "str",
        "status": "str",
        "reason": "str",
    },
    "identity_edge": {
        "edge_key": "int64",
        "a_key": "int64",
        "b_key": "int64",
        "kind": "str",
        "rule_id": "str",
        "source": "str",
        "evidence": "str",
        "weight": "float64",
        "confidence": "float64",
        "first_seen_at": TIME,
        "last_seen_at": TIME,
        "n_observed": "int64",
        "state": "str",
        "reason": "str",
    },
    "canonical": {
        "canonical_id": "str",
        "anchor_key": "int64",
        "created_at": TIME,
        "status": "str",
        "redirect_to": "str",
    },
    "identity_assignment": {
        "identifier_key": "int64",
        "canonical_id": "str",
        "tier": "str",
        "valid_from": TIME,
        "valid_to": TIME,
        "system_from": TIME,
        "system_to": TIME,
        "via_edge_key": "Int64",
    },
    "identity_event": {
        "event_id": "str",
        "at": TIME,
        "type": "str",
        "survivor_id": "str",
        "other_id": "str",
        "cause_edge_key": "Int64",
        "actor": "str",
        "reason": "str",
    },
    "identity_quarantine": {
        "identifier_key": "int64",
        "edge_key": "int64",
        "reason": "str",
        "detail": "str",
        "at": TIME,
        "state": "str",
    },
}


@dataclass(frozen=True)
class Resolution:
    """The ledger as frames; columns and types of each are `TABLES`.

    `identifier`, `edge` and `quarantine` describe the evidence; `assignment` (bitemporal), `canonical` and `event`
    describe the people made from it.
    """

    identifier: pd.DataFrame
    edge: pd.DataFrame
    canonical: pd.DataFrame
    assignment: pd.DataFrame
    event: pd.DataFrame
    quarantine: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """The frames under their table names."""
        return {
            "identifier": self.identifier,
            "identity_edge": self.edge,
            "canonical": self.canonical,
            "identity_assignment": self.assignment,
            "identity_event": self.event,
            "identity_quarantine": self.quarantine,
        }


def typed_table(name: str, columns: Mapping[str, Sequence[object] | npt.NDArray[Any] | pd.Series]) -> pd.DataFrame:
    """A frame of table `name` with its declared types, columns in declared order."""
    return pd.DataFrame(
        {column: pd.Series(columns[column], dtype=dtype) for column, dtype in TABLES[name].items()},
        columns=list(TABLES[name]),
    )


def empty_table(name: str) -> pd.DataFrame:
    """Table `name` without rows."""
    return typed_table(name, dict.fromkeys(TABLES[name], ()))
