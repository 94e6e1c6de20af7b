"""Expectations as data: what each suite demands of an aggregated frame.

Suites come by layer: `raw` and `arrivals` (the lake), `staged` and `days` (events), `profiles`, `published`. Those of
broken data block; those of news warn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

# Demands that a shop of guests alone cannot meet: `orchestration.checks.guests`.
PROFILES_EXIST, CUSTOMERS = "there are profiles", "there are customers"


@dataclass(frozen=True)
class Expectation:
    """One demand; `kind` is the class name in `great_expectations.expectations`, `name` says it as a sentence.

    What depends on the table waits while a `blocking` demand is not met; any other one only warns.
    """

    name: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    blocking: bool = True


@dataclass(frozen=True)
class Suite:
    """A named set of demands on the frame that `sql` returns from the warehouse, or that a check makes ('').

    Days come in order, the newest first: an alert is about the first few that break a demand, in every run the same.
    """

    name: str
    description: str
    sql: str
    expectations: Sequence[Expectation]


def between(column: str, low: float | None = None, high: float | None = None, *, name: str) -> Expectation:
    """Every value of the column lies in [low, high]."""
    arguments = {"column": column, "min_value": low, "max_value": high}
    return Expectation(name, "ExpectColumnValuesToBeBetween", {k: v for k, v in arguments.items() if v is not None})


def zero(column: str, *, name: str, blocking: bool = True) -> Expectation:
    """Every value of a count of bad rows is 0."""
    return replace(between(column, 0, 0, name=name), blocking=blocking)


def never_null(column: str, *, name: str) -> Expectation:
    """The column is always filled."""
    return Expectation(name, "ExpectColumnValuesToNotBeNull", {"column": column})


def some_rows(*, name: str) -> Expectation:
    """The frame is not empty."""
    return Expectation(name, "ExpectTableRowCountToBeBetween", {"min_value": 1})


RAW = Suite(
    "raw",
    "The lake as pinned, by source and day.",
    """
    select source, event_date, count(*) as files, sum(rows) as lake_rows,
        sum(case when min_received_at > max_received_at then 1 else 0 end) as files_with_reversed_times,
        sum(case when cast(min_received_at as date) < event_date then 1 else 0 end)
            as files_received_before_they_occurred
    from ops.lake_file group by source, event_date order by event_date desc, source
    """,
    [
        some_rows(name="the lake has files"),
        never_null("source", name="every file names its source"),
        between("lake_rows", 1, name="every source and day has rows"),
        zero("files_with_reversed_times", name="arrival times are in order"),
        zero("files_received_before_they_occurred", name="nothing arrives before it happens"),
    ],
)
STAGED = Suite(
    "staged",
    "Deduplicated events, by source and day.",
    """
    select source, event_date, count(*) as events,
        sum(case when event_id is null then 1 else 0 end) as without_id,
        sum(case when occurred_at > received_at then 1 else 0 end) as received_before_they_occurred,
        sum(case when cast(occurred_at as date) <> event_date then 1 else 0 end) as on_another_day,
        sum(case when received_at >= (select max(as_of) from ops.run_context) then 1 else 0 end) as not_known_yet,
        sum(case when event_type in ('order_completed', 'order_refunded') and amount is null then 1 else 0 end)
            as orders_without_amount,
        -- A stock may be oversold.
        sum(case
            when amount < 0 or unit_price < 0 or (quantity < 0 and event_type <> 'stock_updated') then 1 else 0
        end) as negative_figures,
        sum(case when scroll_depth < 0 or scroll_depth > 1 then 1 else 0 end) as impossible_scroll_depths,
        sum(case when dwell_ms < 0 or dwell_ms > 86400000 then 1 else 0 end) as impossible_dwell_times
    from intermediate.int_events group by source, event_date order by event_date desc, source
    """,
    [
        some_rows(name="there are events"),
        zero("without_id", name="every event has an id"),
        zero("received_before_they_occurred", name="no event arrives before it happens"),
        zero("on_another_day", name="every event lies on its own day"),
        zero("not_known_yet", name="no event lies after the moment of the run"),
        zero("orders_without_amount", name="every order has an amount"),
        zero("negative_figures", name="amounts, prices and quantities are not negative", blocking=False),
        zero("impossible_scroll_depths", name="scroll depths lie between 0 and 1", blocking=False),
        zero("impossible_dwell_times", name="nobody dwells on a page for longer than a day", blocking=False),
    ],
)
ARRIVALS = Suite(
    "arrivals",
    "How long each source has been quiet, against its own rhythm or the settings.",
    "",
    [zero("late_hours", name="every source came within its usual time", blocking=False)],
)
DAYS = Suite(
    "days",
    "The last complete days by source against the weeks before: 0 is within bounds, else how many times beyond.",
    "",
    [
        zero("silent", name="no source is silent", blocking=False),
        zero("volume_low", name="no source has too few events for its weekday", blocking=False),
        zero("volume_high", name="no source has too many events for its weekday", blocking=False),
        zero("mix", name="event types are mixed as usual", blocking=False),
        zero("categories", name="categories are mixed as usual", blocking=False),
        zero("amounts", name="amounts are spread as usual", blocking=False),
        zero("nulls", name="fields are filled as usual", blocking=False),
        zero("duplicates", name="rows are not repeated more than usual", blocking=False),
        zero("orphans", name="lines, refunds and products refer to what is known", blocking=False),
        zero("clock", name="times lie in the usual hours", blocking=False),
    ],
)
PROFILES = Suite(
    "profiles",
    "Customers and their features, in one row.",
    """
    select
        count(*) as customers, count(*) - count(distinct customer_id) as doubled_customers,
        coalesce(sum(case when customer_id is null then 1 else 0 end), 0) as nameless_customers,
        coalesce(sum(case when last_seen_at < first_seen_at then 1 else 0 end), 0) as seen_backwards,
        coalesce(sum(case when first_seen_at >= (select max(as_of) from ops.run_context) then 1 else 0 end), 0)
            as not_known_yet,
        coalesce(sum(case when orders_lifetime < 0 or spend_lifetime < 0 then 1 else 0 end), 0) as negative_lifetimes,
        (select count(*) - count(distinct customer_id) from marts.customer_features) as doubled_features,
        (
            select count(*) from marts.customer_features
            where customer_id not in (select customer_id from marts.dim_customer where customer_id is not null)
        ) as features_of_strangers
    from marts.dim_customer
    """,
    [
        between("customers", 1, name=PROFILES_EXIST),
        zero("doubled_customers", name="every customer has one profile"),
        zero("nameless_customers", name="every profile has a customer id"),
        zero("seen_backwards", name="nobody was last seen before the first time"),
        zero("not_known_yet", name="nobody comes from after the moment of the run"),
        zero("doubled_features", name="every customer has one row of features"),
        zero("features_of_strangers", name="only known customers have features"),
        zero("negative_lifetimes", name="orders and spend of a lifetime are not negative", blocking=False),
    ],
)
PUBLISHED = Suite(
    "published",
    "What would go into the snapshot, in one row.",
    """
    select
        (select count(*) from marts.dim_customer) as customers,
        (select count(*) from marts.customer_scores) - (select count(distinct customer_id) from marts.customer_scores)
            as doubled_scores,
        (select count(*) from marts.customer_segments)
            - (select count(distinct customer_id) from marts.customer_segments) as doubled_segments,
        (select count(*) from marts.customer_scores where churn_probability < 0 or churn_probability > 1)
            as impossible_probabilities,
        (
            select count(*) from marts.customer_scores
            where ltv_amount < 0 or ltv_low > ltv_amount or ltv_amount > ltv_high
        ) as impossible_values,
        (
            select count(*) from marts.customer_scores
            where customer_id not in (select customer_id from marts.dim_customer)
        ) as scores_of_strangers,
        (select count(*) from marts.customer_recommendations where product_id is null) as empty_recommendations,
        (select coalesce(abs(sum(share) - 1), 0) from marts.segment_profile) as share_error,
        (select count(*) from marts.decision_table where score is null or action is null) as empty_decisions
    """,
    [
        between("customers", 1, name=CUSTOMERS),
        zero("doubled_scores", name="every customer is scored once"),
        zero("doubled_segments", name="every customer is in one segment"),
        zero("impossible_probabilities", name="probabilities lie between 0 and 1"),
        zero("impossible_values", name="values are not negative and lie within their interval"),
        zero("scores_of_strangers", name="only known customers are scored"),
        zero("empty_recommendations", name="every recommendation names a product"),
        between("share_error", 0, 0.001, name="segment shares add up to 1"),
        zero("empty_decisions", name="every decision row has an action and a score"),
    ],
)
SUITES = (RAW, STAGED, PROFILES, PUBLISHED)
