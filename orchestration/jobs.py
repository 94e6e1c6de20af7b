"""What runs together."""

from __future__ import annotations

from typing import Any

from dagster import AssetKey, AssetSelection, define_asset_job, in_process_executor

from orchestration.groups import Group

EXPORT = AssetSelection.assets(AssetKey(["published", "tables"]))
TRAINING = AssetSelection.groups(Group.TRAINING.value)
DAYS = AssetSelection.groups(Group.LAKE.value, Group.STAGING.value, Group.DAILY.value)
# Whatever looks at people looks from its own moment, and at what analysts decided until then.
PINNED = AssetSelection.assets(AssetKey(["ops", "lake_file"]), AssetKey(["ops", "run_context"]))
PEOPLE = AssetSelection.groups(Group.IDENTITY.value, Group.PROFILES.value)
ANSWERS = AssetSelection.groups(
    Group.SEGMENTS.value,
    Group.SCORES.value,
    Group.RECOMMENDATIONS.value,
    Group.DRIFT.value,
    Group.DECISIONS.value,
    Group.PUBLISHED.value,
    Group.SNAPSHOT.value,
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
    DAYS | EXPORT,
    description="Rebuilds a range of days that intake touched, and exports the public tables with today's alerts.",
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
whole_graph = define_asset_job(
    "whole_graph",
    PINNED | PEOPLE | TRAINING | ANSWERS,
    description="Everything behind the daily tables, training included: what `concierge run` selects from.",
    **_SHARED,
)
JOBS = [hourly_intake, hourly_refresh, daily_publish, weekly_training, whole_graph]
