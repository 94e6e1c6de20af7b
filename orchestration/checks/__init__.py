"""Asset checks: suites, and checks of our own."""

from __future__ import annotations

from dagster import AssetChecksDefinition

from orchestration.checks.house_checks import HOUSE_CHECKS
from orchestration.checks.offpolicy_check import OFFPOLICY_CHECKS
from orchestration.checks.suite_checks import suite_checks
from orchestration.checks.watch_checks import WATCH_CHECKS


def all_checks() -> list[AssetChecksDefinition]:
    """Every asset check that is not a dbt test."""
    return [*suite_checks(), *HOUSE_CHECKS, *OFFPOLICY_CHECKS, *WATCH_CHECKS]
