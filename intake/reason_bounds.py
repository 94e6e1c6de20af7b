"""The bound behind a reason for which rows are set aside, and where it is set."""

from __future__ import annotations

from intake.contract import SourceContract
from intake.lengths import LONGEST_PROPERTIES, LONGEST_TEXT
from intake.settings import IntakeSettings


def bound_of(reason: str, contract: SourceContract | None, settings: IntakeSettings) -> str | None:
    """What the value had to keep, e.g. `at most 10,000,000 (maximum_amount in the contract)`.

    Args:
        reason: as rows bear it, `absurd:amount`.
        contract: of the source; without it the bounds that it sets are not told.

    Returns:
        None for reasons without a bound, as text that is no number.
    """
    kind, _, field = reason.partition(":")
    if kind == "too_long":
        return f"at most {LONGEST_PROPERTIES if field == 'properties' else LONGEST_TEXT:,} bytes"
    if kind == "absurd" and contract is not None:
        return f"at most {contract.maximum_amount:,.0f} (maximum_amount in the contract)"
    if kind == "refund_exceeds_order" and contract is not None:
        return f"at most {contract.refund_limit:g} times the order (refund_limit in the contract)"
    fixed = {
        "negative": "at least 0",
        "out_of_range": "from 0 to 1",
        "future_timestamp": f"at most {settings.future_tolerance_seconds:,} s ahead (intake.future_tolerance_seconds)",
        "before_history": f"not before {settings.earliest_event:%Y-%m-%d} (intake.earliest_event)",
        "unknown_event_type": "one of config/event_types.yml",
    }
    return fixed.get(kind)
