"""The documented, typed variables a policy expression may name, and the attributes it may not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from intake.sensitive import ATTRIBUTES
from serving.session.feature import Type
from serving.session.spec import shipped_spec

Kind = Literal["int", "double", "string", "bool", "list"]
Scope = Literal["profile", "consent", "context", "session", "action", "uplift", "clicks", "product", "cart", "time"]
Value = bool | int | float | str | tuple[str, ...]
"""A list of texts is a tuple, since answers are remembered by the values they rest on."""

DEFAULTS: dict[Kind, Value] = {"int": 0, "double": 0.0, "string": "", "bool": False, "list": ()}


@dataclass(frozen=True)
class Variable:
    """One variable. It is never null: without a value it has its type's default and known_<name> is false."""

    name: str
    kind: Kind
    scope: Scope
    description: str

    @property
    def default(self) -> Value:
        """0, 0.0, "", false or an empty list."""
        return DEFAULTS[self.kind]


_ROWS: tuple[tuple[str, Kind, Scope, str], ...] = (
    ("customer_known", "bool", "profile", "an identifier of the request belongs to a customer of the snapshot"),
    ("segment_id", "int", "profile", "behavioural segment"),
    ("segment_name", "string", "profile", "persona name of the segment"),
    ("churn_probability", "double", "profile", "probability of no order within the horizon, 0 to 1"),
    ("ltv_amount", "double", "profile", "expected spend within the horizon, shop currency"),
    ("orders_lifetime", "int", "profile", "orders ever"),
    ("orders_30d", "int", "profile", "orders in 30 days"),
    ("orders_91d", "int", "profile", "orders in 91 days"),
    ("spend_30d", "double", "profile", "spend in 30 days, shop currency"),
    ("spend_91d", "double", "profile", "spend in 91 days, shop currency"),
    ("recency_days", "int", "profile", "whole days since the last order"),
    ("tenure_days", "int", "profile", "whole days since the first event"),
    ("average_order_amount", "double", "profile", "mean order value, shop currency"),
    ("discount_share", "double", "profile", "share of list value that was discounted, 0 to 1"),
    ("sessions_30d", "int", "profile", "sessions in 30 days"),
    ("product_views_30d", "int", "profile", "product views in 30 days"),
    ("cart_abandons_30d", "int", "profile", "abandoned carts in 30 days"),
    ("size_guide_opens_30d", "int", "profile", "size tables opened in 30 days"),
    ("email_open_rate", "double", "profile", "opened share of letters, 0 to 1"),
    ("store_order_share", "double", "profile", "share of orders made in a store, 0 to 1"),
    ("weekend_order_share", "double", "profile", "share of orders made on a weekend, 0 to 1"),
    ("n_coupons_365d", "int", "profile", "coupons redeemed in 365 days"),
    ("top_category", "string", "profile", "category with the highest spend"),
    ("category_entropy", "double", "profile", "spread of spend over categories, nats"),
    ("orders_90d", "int", "profile", "orders in 90 days"),
    ("spend_90d", "double", "profile", "spend in 90 days, shop currency"),
    (
        "days_until_expected_order",
        "double",
        "profile",
        "days until the next order by the person's own rhythm, below zero is overdue",
    ),
    ("favourite_category", "string", "profile", "category of the strongest interest"),
    ("next_best_category", "string", "profile", "category with the strongest interest that is due"),
    ("top_brand", "string", "profile", "brand of the strongest interest"),
    (
        "price_sensitivity",
        "double",
        "profile",
        "discount received beyond everybody's on the same products, share of list value",
    ),
    ("deal_seeking", "double", "profile", "how much of the buying is on offers and coupons, 0 to 1"),
    ("return_order_rate", "double", "profile", "orders sent back or refunded over orders"),
    ("late_deliveries_365d", "int", "profile", "orders delivered late in 365 days"),
    ("last_delivery_was_late", "bool", "profile", "the latest delivery with a promised day was late"),
    ("overdue_deliveries", "int", "profile", "orders whose promised day has passed"),
    ("open_tickets", "int", "profile", "support tickets not solved"),
    ("complaints_365d", "int", "profile", "complaints in 365 days"),
    ("points_balance", "double", "profile", "loyalty points credited less those redeemed"),
    ("is_loyalty_member", "bool", "profile", "member of the loyalty programme"),
    ("active_subscriptions", "int", "profile", "subscriptions running"),
    ("has_app", "bool", "profile", "the app was installed or opened"),
    ("usual_channel", "string", "profile", "channel of most visits"),
    ("usual_device_type", "string", "profile", "device type of most visits"),
    ("usual_store_id", "string", "profile", "store of most orders"),
    ("usual_visit_hour", "int", "profile", "hour of most visits in the shop's time zone, 0 to 23"),
    ("weather_condition", "string", "profile", "latest weather where the person was last seen"),
    ("weather_precipitation_mm", "double", "profile", "rain and snow of that day"),
    ("season", "string", "profile", "winter, spring, summer or autumn, north of the equator"),
    ("last_viewed_stock", "double", "profile", "units on hand of the product viewed last"),
    ("last_viewed_price_position", "double", "profile", "its list price over the mean of its category"),
    ("zero_party_answers", "string", "profile", "latest answers by question, a JSON object"),
    ("zero_party_answer_count", "int", "profile", "questions answered"),
    (
        "account_stage",
        "string",
        "profile",
        "stage of the person's company: unknown, visiting, engaged, customer, lapsing",
    ),
    (
        "rule_segments",
        "list",
        "profile",
        'segments by rule that the person is in now: "valuable_and_leaving" in rule_segments',
    ),
    (
        "micro_segment",
        "string",
        "profile",
        'micro-segment with the intent of this moment, where it is large enough: micro_segment.endsWith("intent hot")',
    ),
    ("consent_personalization", "bool", "consent", "purpose personalization is granted"),
    ("consent_marketing_email", "bool", "consent", "purpose marketing_email is granted"),
    ("consent_marketing_sms", "bool", "consent", "purpose marketing_sms is granted"),
    ("consent_marketing_push", "bool", "consent", "purpose marketing_push is granted"),
    ("consent_marketing_phone", "bool", "consent", "purpose marketing_phone is granted"),
    ("consent_marketing_post", "bool", "consent", "purpose marketing_post is granted"),
    ("consent_marketing_ads", "bool", "consent", "purpose marketing_ads is granted"),
    ("consent_profiling_price", "bool", "consent", "purpose profiling_price is granted"),
    ("device_type", "string", "context", "desktop, mobile, tablet, … as the caller says"),
    ("page_type", "string", "context", "home, product, cart, checkout, … as the caller says"),
    ("channel", "string", "context", "web, app, email, store, …"),
    ("session_seconds", "double", "context", "age of the visit, seconds: as the caller says, else as its events tell"),
    ("view_category", "string", "context", "category of the listing or of the active filter, as the caller says"),
    ("filters", "string", "context", 'active filters as name=value with commas between: filters.contains("size=m")'),
    ("lingers_on", "string", "context", "part of the page the visitor lingers on, as the caller says"),
    ("place", "string", "context", "place of delivery, as the caller says: postal code or region"),
    ("action_name", "string", "action", "the action under judgement"),
    ("action_type", "string", "action", "its type"),
    ("action_category", "string", "action", "its tag `category`"),
    ("action_cost", "double", "action", "cost of showing it, shop currency"),
    ("incentive_kind", "string", "action", "none, free_shipping, free_returns, free_gift, percent_off, amount_off"),
    ("incentive_value", "double", "action", "share of percent_off, else an amount in shop currency"),
    (
        "incentive_best",
        "string",
        "uplift",
        "action that the uplift model advises for this person here, the plain one where none earns its cost",
    ),
    (
        "incentive_gain",
        "double",
        "uplift",
        "margin that the action under judgement is expected to add for this person, after its cost, shop currency",
    ),
    ("incentive_gain_low", "double", "uplift", "lower bound of that margin (80 %)"),
    (
        "click_driver",
        "string",
        "clicks",
        "attribute of items that moves the clicks of the person's segment most, beyond noise: fit, colour, brand, …",
    ),
    ("product_id", "string", "product", "the product under judgement"),
    ("product_category", "string", "product", "its category"),
    ("list_price", "double", "product", "list price, shop currency"),
    ("floor_price", "double", "product", "lowest price the shop may ask"),
    ("map_price", "double", "product", "minimum advertised price"),
    ("product_cost", "double", "product", "cost, shop currency"),
    ("stock", "double", "product", "units on hand"),
    ("parity_price", "double", "product", "lowest price agreed with or asked in other channels"),
    ("product_returns_rate", "double", "product", "share of its orders of a year that were sent back, 0 to 1"),
    ("product_units_28d", "double", "product", "units sold in 28 days"),
    ("viewed_category", "string", "product", "category of the product in view"),
    ("viewed_list_price", "double", "product", "its list price, shop currency"),
    ("viewed_stock", "double", "product", "its units on hand"),
    ("viewed_returns_rate", "double", "product", "share of its orders of a year that were sent back, 0 to 1"),
    ("viewed_units_28d", "double", "product", "its units sold in 28 days"),
    ("viewed_reviews", "int", "product", "its reviews"),
    ("viewed_rating", "double", "product", "mean rating of its reviews, 1 to 5"),
    ("cart_value", "double", "cart", "value of the cart before the action, shop currency"),
    ("price_cut_share", "double", "cart", "share of the cart's value that the action takes off, 0 to 1"),
    ("cart_products", "int", "cart", "products named by the context"),
    ("products_without_price", "int", "cart", "of those, products with no known list or floor price"),
    ("products_below_floor", "int", "cart", "of those, products whose price after the cut is below the floor"),
    ("products_below_map", "int", "cart", "of those, products whose price after the cut is below MAP"),
    ("products_below_parity", "int", "cart", "of those, products whose price after the cut is below parity"),
    ("products_out_of_stock", "int", "cart", "of those, products with no unit on hand"),
    ("hour", "int", "time", "hour of day in the shop's time zone, 0 to 23"),
    ("weekday", "int", "time", "day of week in the shop's time zone, 1 = Monday"),
)

_SESSION_KINDS: dict[Type, Kind] = {"int": "int", "decimal": "double", "text": "string", "bool": "bool"}
SESSION_FEATURES: dict[str, str] = {feature.name: f"session_{feature.name}" for feature in shipped_spec().features}
"""Variable of each session feature."""
_SESSION = [
    Variable(SESSION_FEATURES[f.name], _SESSION_KINDS[f.type], "session", f"{f.meaning} ({f.unit})")
    for f in shipped_spec().features
]
_MOMENT = Variable("moment_score", "double", "session", "how ready the visitor is now, 0.1 to 3.9")

_SCORES = (
    Variable("purchase_intent", "double", "session", "chance of an order (or checkout) later in this visit, 0 to 1"),
    Variable(
        "bounce_probability", "double", "session", "after the first event: chance that the visit ends within 10 s"
    ),
)

# Of the visit's age the caller's word comes first, so that row stands last.
VARIABLES: dict[str, Variable] = {v.name: v for v in (*_SESSION, _MOMENT, *_SCORES, *(Variable(*row) for row in _ROWS))}

ACCOUNT_STAGE = "account_stage"
"""Stands among a profile's features, and comes from the account of the person."""
RULE_SEGMENTS, MICRO_SEGMENT = "rule_segments", "micro_segment"
SEGMENTS = frozenset({RULE_SEGMENTS, MICRO_SEGMENT})
"""Found at each question that asks for them (`serving/membership.py`)."""
OF_ONE_PRODUCT = frozenset(
    v.name for v in VARIABLES.values() if v.scope == "product" and not v.name.startswith("viewed_")
)
"""Known while a product of a list is judged, and at no other time."""
CLICK_DRIVER = "click_driver"
ANSWER = "answer_"
"""Prefix of the variables that hold answers: `answer_<question>`, a string, for every question some action asks."""

# Never decided on, whatever a policy says. The names are those of CRM traits and of protected characteristics.
SENSITIVE: frozenset[str] = ATTRIBUTES


def known_name(name: str) -> str:
    """Name of the flag that tells whether a variable has a value of its own."""
    return f"known_{name}"


def profile_features() -> frozenset[str]:
    """Names of profile variables that come out of `customer_features`."""
    stored_apart = {"customer_known", "segment_id", "segment_name", "churn_probability", "ltv_amount", ACCOUNT_STAGE}
    stored_apart |= SEGMENTS
    return frozenset(v.name for v in VARIABLES.values() if v.scope == "profile") - stored_apart
