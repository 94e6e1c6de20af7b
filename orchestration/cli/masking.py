"""Quarantined rows as they may be shown: what identifies a person is hidden, what went wrong stays readable."""

from __future__ import annotations

import json
import re
from typing import Any

from intake.contract import SourceContract
from intake.contract_terms import columns_of
from intake.nested import root_of
from intake.scrub import scrub_text

HIDDEN = "[hidden]"
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")


def masked(original: bytes, contract: SourceContract | None) -> str:
    """A row for the screen.

    Of a record that can be read, identifiers, personal and sensitive fields are hidden, so is whatever the contract
    does not name, and the rest is scrubbed of addresses and phone numbers. Of anything else only the shape is shown:
    letters as x, digits as 9.
    """
    text = original.decode("utf-8", errors="replace")
    try:
        record = json.loads(text)
    except ValueError:
        return shape(text)
    if not isinstance(record, dict) or contract is None:
        return shape(text)
    private, named = private_columns(contract), contract.names_read()
    hidden = {key for key in record if key in private or (key not in named and contract.properties != "rest")}
    return json.dumps({key: _field(key, value, hidden) for key, value in record.items()})


def shape(text: str) -> str:
    """The text with every letter as x and every digit as 9; punctuation stays."""
    return _DIGIT.sub("9", _LETTER.sub("x", text))


def private_columns(contract: SourceContract) -> frozenset[str]:
    """Columns of a source that identify or describe a person, under all their names."""
    private = {*contract.personal_columns, *columns_of(contract.sensitive), *columns_of(contract.traits)}
    private |= {spec.column for spec in contract.identifiers}
    private = private.union(*(contract.aliases.get(name, ()) for name in private))
    return frozenset(private | {root_of(name) for name in private})


def _field(key: str, value: Any, private: set[str]) -> Any:
    if key in private and value is not None:
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    return scrub_text(value if isinstance(value, str) else json.dumps(value))
