"""What runs together."""

from __future__ import annotations

from typing import Any

from dagster import AssetKey, AssetSelection, define_asset_job, in_process_executor

from orchestration.assets.identity import DESCRIPTIONS
from orchestration.groups import Group
from orchestration.refresh.scope import SCOPE_TAG, TOUCHED

# What is to be paused is judged before the tables go out, so that they tell of it.
EXPORT = AssetSelection.assets(AssetKey(["ops", "guardrail_event"]), AssetKey(["published", "tables"]))
TRAINING = AssetSelection.groups(Group.TRAINING.value)
DAYS = AssetSelection.groups(Group.LAKE.value, Group.STAGING.value, Group.DAILY.value)
# Whatever looks at people looks from its own moment, and at what analysts decided until then.
LOOKS = ("lake_file", "run_context", "pending_day", "consent_regime", "sensitive_word", "suppressed")
PINNED = AssetSelection.assets(*(AssetKey(["ops", name]) for name in LOOKS))
LEDGER = AssetSelection.assets(*(AssetKey(["identity", name]) for name in DESCRIPTIONS))
# What follows a person within the hour; everything else that is behind the days follows with the daily run.
CURRENT_TABLES = (
    *(f"refresh/{name}" for name in ("customer", "identifier", "day", "outcome_event", "product_cost")),
    *(f"intermediate/{name}" for name in ("int_customer_consent", "int_consent_withdrawn")),
    "intermediate/int_sensitive_categories",
    *(f"intermediate/{name}" for name in ("int_identifier_customers", "int_product_categories")),
    *(f"marts/{name}" for name in ("customer_consent", "customer_features", "dim_customer")),
    # What an order earned takes the cost of its goods.
    "marts/dim_product",
    *(f"intermediate/{name}" for name in ("int_outcomes_told", "int_orders_priced", "int_refunds_bounded")),
    *(f"marts/{name}" for name in ("customer_scores", "customer_segments")),
    *(f"marts/fct_{name}" for name in ("session", "order", "refund", "decision", "exposure", "offer", "outcome")),
    "intermediate/int_lake_in_facts",
    *(f"marts/{name}" for name in ("customer_recommendations", "customer_rule_segments", "segment_history")),
    "marts/customer_incentives",
    *(f"ml/{name}" for name in ("attribution", "arm_stats", "conversion_delay", "arm_probability")),
    "serving/arm_probability",
    "serving/changed_customers",
    *(
        f"ml/{name}"
        for name in ("segment_assignment", "segment_profile", "micro_segment", "churn_score", "value_score")
    ),
)
CURRENT = LEDGER | AssetSelection.assets(*(AssetKey(address.split("/")) for address in CURRENT_TABLES))
PEOPLE = AssetSelection.groups(Group.IDENTITY.value, Group.PROFILES.value)
_ANSWERS = AssetSelection.groups(
    Group.SEGMENTS.value,
    Group.SCORES.value,
    Group.RECOMMENDATIONS.value,
    Group.DRIFT.value,
    Group.DECISIONS.value,
    Group.PUBLISHED.value,
    Group.SNAPSHOT.value,
)
# A whole snapshot has everybody.
ANSWERS = _ANSWERS - AssetSelection.assets(AssetKey(["serving", "changed_customers"]))

# What was shown and what came of it, without dbt: between hourly runs as often as one likes.
LEARNING = AssetSelection.assets(
    *(AssetKey(["ml", name]) for name in ("attribution", "arm_stats", "conversion_delay", "arm_probability")),
    AssetKey(["serving", "arm_probability"]),
)

# In one process a run pays for its imports once (10 s of CPU), and a killed run is one process to notice.
_SHARED: dict[str, Any] = {"executor_def": in_process_executor}

hourly_intake = define_asset_job(
    "hourly_intake",
    AssetSelection.groups(Group.INTAKE.value),
    description="Takes in what has landed at the declared locations, the service's own log included.",
    **_SHARED,
)
hourly_refresh = define_asset_job(
    "hourly_refresh",
    DAYS | CURRENT | EXPORT,
    description="Rebuilds a range of days that intake touched, carries what came out differently through identities, "
    "profiles, scores and segments of the customers it concerns, and exports what changed.",
    tags={SCOPE_TAG: TOUCHED},
    **_SHARED,
)
hourly_learning = define_asset_job(
    "hourly_learning",
    AssetSelection.groups(Group.INTAKE.value) | LEARNING,
    description="Takes in what has landed, credits and counts it before it is staged, and publishes how often each arm "
    "is drawn from now on. Seconds: neither days nor customers are made again.",
    tags={SCOPE_TAG: TOUCHED},
    **_SHARED,
)
daily_publish = define_asset_job(
    "daily_publish",
    PINNED | PEOPLE | ANSWERS,
    description="Identities, profiles, scores with the current models, checks, snapshot and export.",
    **_SHARED,
)
weekly_training = define_asset_job(
    "weekly_training",
    PINNED | PEOPLE | TRAINING,
    description="Trains and judges new model versions; the next daily run scores with them.",
    **_SHARED,
)
# The assets are chosen by the schedule that starts it, from `models.every_48_hours`.
often_training = define_asset_job(
    "often_training",
    TRAINING,
    description="Trains the models whose labels are known within days, from the tables of the last daily run.",
    **_SHARED,
)
whole_graph = define_asset_job(
    "whole_graph",
    PINNED | PEOPLE | TRAINING | ANSWERS,
    description="Everything behind the daily tables, training included: what `concierge run` selects from.",
    **_SHARED,
)
JOBS = [hourly_intake, hourly_refresh, hourly_learning, daily_publish, weekly_training, often_training, whole_graph]
