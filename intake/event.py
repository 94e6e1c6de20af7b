"""The event: one flat row of the lake, its vocabulary and its identifiers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import yaml

from intake.yaml_text import from_yaml

TIMESTAMP = pa.timestamp("us", tz="UTC")
QUANTITY = pa.decimal128(18, 3)
MONEY = pa.decimal128(18, 4)
SHARE = pa.decimal128(5, 4)
IDENTIFIERS = pa.list_(pa.struct([("type", pa.string()), ("value", pa.string())]))

IDENTIFIER_TYPES = (
    "login", "loyalty_id", "email", "phone", "crm_id", "pos_id", "device_id", "cookie", "click_id", "ip", "fingerprint",
)  # fmt: skip
"""Strongest first: an event's anchor is its strongest identifier."""

HINT_TYPES = ("ip", "fingerprint")
"""Where a person may be, never who: they anchor no event and speak for nobody."""

_TEXT = {
    "before_location": ("page_type", "page_url", "referrer", "campaign", "device_type", "os", "browser"),
    "location": ("time_zone", "locale", "country", "region", "postal_code", "store_id"),
    "object": ("product_id", "category", "query", "order_id"),
}

EVENT_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_type", pa.string()),
        ("occurred_at", TIMESTAMP),
        ("received_at", TIMESTAMP),
        ("source", pa.string()),
        ("channel", pa.string()),
        ("session_id", pa.string()),
        ("identifiers", IDENTIFIERS),
        *((name, pa.string()) for group in _TEXT.values() for name in group),
        ("quantity", QUANTITY),
        ("unit_price", MONEY),
        ("amount", MONEY),
        ("currency", pa.string()),
        ("dwell_ms", pa.int64()),
        ("scroll_depth", SHARE),
        ("experiment_id", pa.string()),
        ("personalization_id", pa.string()),
        ("properties", pa.string()),
        ("is_simulated", pa.bool_()),
        ("loaded_at", TIMESTAMP),
    ]
)
"""Columns of a lake row, in order; `event_date` (UTC date of `occurred_at`) comes from the folder's name."""

EVENT_FIELDS = tuple(EVENT_SCHEMA.names)

MAPPABLE_FIELDS = frozenset(EVENT_FIELDS) - {
    "event_id",
    "event_type",
    "received_at",
    "source",
    "identifiers",
    "is_simulated",
    "loaded_at",
}
"""Event fields that a contract's `columns` may fill; the others have a place of their own in the contract."""


@dataclass(frozen=True)
class EventType:
    """One word of the vocabulary, with the event fields it cannot do without."""

    name: str
    description: str
    required: tuple[str, ...] = ()


class VocabularyError(ValueError):
    """`event_types.yml` is missing or malformed."""


def load_event_types(config: Path) -> dict[str, EventType]:
    """Read `event_types.yml`: name → description and required event fields.

    Raises:
        VocabularyError: names the file, the event type and the field that is wrong.
    """
    file = config / "event_types.yml"
    try:
        content = from_yaml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise VocabularyError(f"{file}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise VocabularyError(f"{file}: not readable as YAML: {error}") from error
    return {name: _event_type(file, name, entry or {}) for name, entry in (content or {}).items()}


def _event_type(file: Path, name: str, entry: dict[str, object]) -> EventType:
    required = entry.get("required", [])
    if not isinstance(required, list):
        raise VocabularyError(f"{file}: {name}.required: must be a list of event fields (got {required!r})")
    unknown = [field for field in required if field not in EVENT_FIELDS]
    if unknown:
        raise VocabularyError(f"{file}: {name}.required: no such event field: {unknown[0]!r}")
    return EventType(name, str(entry.get("description", "")), tuple(str(field) for field in required))
