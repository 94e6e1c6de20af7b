"""Names of the asset groups, in pipeline order, and who owns them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

WRITER_POOL: Final = "duckdb_writer"
OWNERS: Final = ["team:personalization"]


class Group(StrEnum):
    """Asset groups; the number keeps the UI's alphabetical list in pipeline order."""

    INTAKE = "01_intake"
    LAKE = "02_lake"
    STAGING = "03_staging"
    DAILY = "04_daily"
    IDENTITY = "05_identity"
    PROFILES = "06_profiles"
    TRAINING = "07_training"
    SEGMENTS = "08_segments"
    SCORES = "09_scores"
    RECOMMENDATIONS = "10_recommendations"
    DRIFT = "11_drift"
    DECISIONS = "12_decisions"
    PUBLISHED = "13_published"
    SNAPSHOT = "14_snapshot"
