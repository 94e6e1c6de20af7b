"""What a snapshot holds. Records are stored as positional msgpack arrays: field order is part of the format."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from serving.click_evidence import ClickDrivers
from serving.experiments.enrolment import Remembered
from serving.experiments.learned import Learned
from serving.placement import Placement
from serving.policy import Policy
from serving.segment_definitions import SegmentDefinitions
from serving.visit_scores import VisitModel

FeatureValue = bool | int | float | str | None


class SnapshotError(Exception):
    """A snapshot cannot be written, read or trusted; the message names folder, field, value and expectation."""


class Recommended(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One product in a list; `score` is unitless and comparable within its list only."""

    product_id: str
    score: float
    reason: str = ""


class ProfileRecord(msgspec.Struct, array_like=True, frozen=True):
    """What decisions may know of one customer. Money in the shop's currency, probabilities 0 to 1.

    `recommendations` maps a task (bought_together, buy_again, discovery, popular) to products, best first.
    `recently_bought` holds the products that bought-together lists leave out. `refusals` maps a purpose to the
    identifiers that refuse it, as (identifier key, microseconds since 1970). `agreed` are the purposes granted by a
    word, not by silence. `shown` maps `placement/action` of what has a cap or asks something to the moments it was
    shown, seconds since 1970, latest first; a question also stands under `?<question>`. `assigned` maps `name/version`
    of an experiment to the arm that this person, or their account, was shown first.
    """

    customer_id: str
    segment_id: int | None = None
    segment_name: str | None = None
    rung: str = "segment"
    churn_probability: float | None = None
    ltv_amount: float | None = None
    consent_personalization: bool = False
    consent_marketing_email: bool = False
    consent_profiling_price: bool = False
    consent_channels: list[str] = []
    features: dict[str, FeatureValue] = {}
    recommendations: dict[str, list[Recommended]] = {}
    recently_bought: list[str] = []
    refusals: dict[str, list[tuple[int, int]]] = {}
    consent_analytics: bool = True
    agreed: list[str] = []
    shown: dict[str, list[int]] = {}
    assigned: dict[str, Remembered] = {}
    account_id: str | None = None


class ProfileRow(ProfileRecord, array_like=True, frozen=True):
    """How a profile is stored: `features` as the JSON that answers tell, which knows neither infinity nor NaN, so that
    those are not known; `recommendations` as msgpack, and of them the `products` by task as the JSON that answers tell.
    """

    features: bytes = b"{}"  # type: ignore[assignment]
    recommendations: bytes = b"\x80"  # type: ignore[assignment]
    products: bytes = b"{}"


class ProductRecord(msgspec.Struct, array_like=True, frozen=True):
    """One product; prices in the shop's currency, stock and units sold in 28 days in units, rates 0 to 1 of a year;
    None = not known."""

    product_id: str
    category: str | None = None
    list_price: float | None = None
    floor_price: float | None = None
    map_price: float | None = None
    cost: float | None = None
    stock: float | None = None
    parity_price: float | None = None
    returns_rate: float | None = None
    units_28d: float | None = None
    reviews: int | None = None
    rating: float | None = None


class PromiseRecord(msgspec.Struct, array_like=True, frozen=True):
    """Days from order to delivery at one place, from `earliest_days` to `latest_days`.

    `confidence` is the share that the band was made to hold, `coverage` the share of later orders that it did hold
    (None: too few), `n` the orders it was made from.
    """

    place: str
    earliest_days: int
    latest_days: int
    confidence: float
    coverage: float | None
    n: int


class ReviewRecord(msgspec.Struct, array_like=True, frozen=True):
    """One review by its id in the shop, without its text; rating 1 to 5."""

    review_id: str
    rating: float
    helpful_votes: int = 0
    use: str | None = None
    experience: str | None = None
    verified: bool = False


class DecisionRow(msgspec.Struct, array_like=True, frozen=True):
    """Score of one action for one segment (-1 = everyone). Higher is better within a placement."""

    placement: str
    segment_id: int
    context_bucket: str
    action: str
    score: float
    basis: str
    n: int


class IdentifierRow(NamedTuple):
    """A hashed identifier and whose it is."""

    type: str
    value_hash: str
    customer_id: str


RECORDS: tuple[type[msgspec.Struct], ...] = (
    ProfileRow,
    ProductRecord,
    DecisionRow,
    Recommended,
    PromiseRecord,
    ReviewRecord,
    Remembered,
)
TABLES: tuple[str, ...] = (
    "identifier", "profile", "product", "together", "popular", "decision", "content", "promise", "review",
)  # fmt: skip


CHANGING: tuple[str, ...] = ("identifier", "profile")
"""Tables of which a version may hold changes beside its whole data file."""
GONE = b""
"""Value of a changed row that the whole data file has and the version has no more."""
REFUSED_ANALYTICS = "refused_analytics"
"""Name of the manifest's total of customers who refused analytics."""


def schema_hash(*, with_delta: bool = False) -> str:
    """Hash of tables, record names, field names, their order and types: a reader refuses any other.

    A version with a delta has a hash of its own: to a program that knows none it would be the whole file alone.
    """
    described = [
        (record.__name__, [(f.name, str(f.type)) for f in msgspec.structs.fields(record)]) for record in RECORDS
    ]
    layout = (TABLES, described, CHANGING) if with_delta else (TABLES, described)
    return hashlib.sha256(repr(layout).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class SnapshotContents:
    """Everything that goes into a snapshot.

    `popular` and `together` map to product ids, best first; the key of `popular` is a category, "" for all of them.
    `reviews` are by product, best first. `totals` are free counts for people (customers, segments, …).
    """

    identifiers: Iterable[IdentifierRow | tuple[str, str, str]]
    profiles: Iterable[ProfileRecord]
    decision_rows: Sequence[DecisionRow]
    products: Iterable[ProductRecord]
    popular: Mapping[str, Sequence[str]]
    together: Mapping[str, Sequence[str]]
    placements: Sequence[Placement]
    policies: Sequence[Policy]
    time_zone: str = "UTC"
    model_versions: Mapping[str, str] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    promises: Sequence[PromiseRecord] = ()
    reviews: Mapping[str, Sequence[ReviewRecord]] = field(default_factory=dict)
    learned: Learned = field(default_factory=Learned)
    visit_model: VisitModel | None = None
    segments: SegmentDefinitions = field(default_factory=SegmentDefinitions)
    click_drivers: ClickDrivers = field(default_factory=ClickDrivers)
