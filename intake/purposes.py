"""What personal data may be used for: the one list that contracts, consent, tables and serving share."""

from __future__ import annotations

from typing import Final, Literal, get_args

Asked = Literal[
    "analytics",
    "personalization",
    "marketing_email",
    "marketing_sms",
    "marketing_push",
    "marketing_phone",
    "marketing_post",
    "marketing_ads",
    "profiling_price",
]
"""Purposes that a person may grant or refuse."""

Purpose = Literal["contract", Asked]
"""What a source may need: `contract` is what was agreed on with an order and needs no consent."""

CONTRACT: Final = "contract"
PURPOSES: Final[tuple[str, ...]] = get_args(Asked)
MARKETING: Final = tuple(purpose for purpose in PURPOSES if purpose.startswith("marketing_"))
