"""What is asked and what is answered."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from serving.click_evidence import ClickEvidence
from serving.experiments.enrolment import Enrolment
from serving.rungs import Rung
from serving.segments_used import SegmentsUsed

ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Products = Annotated[list[ShortText], msgspec.Meta(max_length=100)]


class Context(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The moment of the question. Money in the shop's currency; `hour` (0 to 23, shop's time zone) only to override
    the clock; `product_id` is the product in view, `product_ids` those of the cart; `category` is that of the listing
    or of the active filter, `filters` are the active ones as name=value, `lingers_on` is a part of the page; `country`
    and `region`, written as in events, tell which rules of consent hold for people who have said nothing; `session_id`
    names the visit, as events do, for experiments that draw an arm a visit."""

    device_type: ShortText | None = None
    page_type: ShortText | None = None
    channel: ShortText | None = None
    session_seconds: Annotated[float, msgspec.Meta(ge=0, le=1e7)] | None = None
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] | None = None
    product_id: ShortText | None = None
    product_ids: Products = []
    cart_value: Annotated[float, msgspec.Meta(ge=0, le=1e7)] | None = None
    category: ShortText | None = None
    filters: Annotated[list[ShortText], msgspec.Meta(max_length=20)] = []
    lingers_on: ShortText | None = None
    postal_code: ShortText | None = None
    country: ShortText | None = None
    region: ShortText | None = None
    session_id: ShortText | None = None

    def products(self) -> list[str]:
        """Distinct products named, the one in view first."""
        first = [self.product_id] if self.product_id else []
        return list(dict.fromkeys([*first, *self.product_ids]))


class Question(msgspec.Struct, frozen=True):
    """One placement for one person. `identifiers` are (type, keyed hash); `paused` holds scopes of the kill switch.

    With a `request_id` the answer's personalization_id depends on it; without one, on `now`.
    """

    placement: str
    identifiers: tuple[tuple[str, str], ...] = ()
    paused: frozenset[str] = frozenset()
    request_id: str = ""


class Blocked(msgspec.Struct, frozen=True, omit_defaults=True):
    """An alternative that was not permitted: the action (or one product of it), the rule, and why in words."""

    action: str
    why: str
    rule: str = ""
    product_id: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """One answer. `propensity` (0 to 1) is the exact probability with which this action was chosen here among
    `eligible`; `rung` says which step of the ladder answered, `missing_purpose` what was not agreed to. Of hybrid
    traffic `conditional_propensity` is the probability that the model alone had given the action. `experiment` is there
    when it takes part in one (the propensity is then that of the arm), `shadow` when shadow experiments ran: the arm
    that each would have served; `expected_gain` when the uplift model chose: the margin expected beyond the plain
    action's, after the cost; `segments` and `clicks` where a rule
    of the placement asks for them."""

    placement: str
    action: str
    content: dict[str, Any]
    reason: str
    propensity: float
    rung: Rung
    snapshot_version: str
    personalization_id: str
    segment_id: int | None
    eligible: list[str]
    blocked: list[Blocked]
    missing_purpose: str | None = None
    conditional_propensity: float | None = None
    experiment: Enrolment | msgspec.UnsetType = msgspec.UNSET
    shadow: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    expected_gain: float | msgspec.UnsetType = msgspec.UNSET
    segments: SegmentsUsed | msgspec.UnsetType = msgspec.UNSET
    clicks: ClickEvidence | msgspec.UnsetType = msgspec.UNSET
