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

MEANINGS: Final[dict[str, str]] = {
    "analytics": "visits and behaviour are recorded and counted",
    "personalization": "a profile decides what the person sees; needs analytics as well",
    "marketing_email": "marketing by e-mail",
    "marketing_sms": "marketing by text message",
    "marketing_push": "marketing by notifications of an app or browser",
    "marketing_phone": "marketing by telephone",
    "marketing_post": "marketing by letter",
    "marketing_ads": "advertising elsewhere, audiences handed to advertising networks",
    "profiling_price": "a profile decides on prices and incentives",
}
