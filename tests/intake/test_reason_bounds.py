"""The bound that is told with a reason is the one that set the row aside."""

from __future__ import annotations

import pytest

from intake.contract import load_contract
from intake.paths import repository_root
from intake.reason_bounds import bound_of
from intake.settings import IntakeSettings

CONTRACT = load_contract(repository_root() / "config" / "sources" / "pos_receipts.yml").model_copy(
    update={"maximum_amount": 2500.0, "refund_limit": 1.2}
)


@pytest.mark.parametrize(
    ("reason", "bound"),
    [
        ("absurd:amount", "at most 2,500 (maximum_amount in the contract)"),
        ("refund_exceeds_order", "at most 1.2 times the order (refund_limit in the contract)"),
        ("too_long:query", "at most 8,192 bytes"),
        ("too_long:properties", "at most 262,144 bytes"),
        ("negative:quantity", "at least 0"),
        ("before_history", "not before 2000-01-01 (intake.earliest_event)"),
        ("invalid_number:amount", None),
    ],
)
def test_bounds(reason: str, bound: str | None) -> None:
    assert bound_of(reason, CONTRACT, IntakeSettings()) == bound


def test_what_a_missing_contract_set_is_not_told() -> None:
    assert bound_of("absurd:amount", None, IntakeSettings()) is None
