"""Whether drift asks for a training now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.champions.looks import tried_at
from orchestration.model_registry import ModelRegistry

# What another training may mend. A broken feed or identities that fall apart are mended where they broke: a model
# taught from them would only learn the fault.
MENDABLE = ("drift:features", "drift:scores:", "drift:performance:", "drift:segments")


@dataclass(frozen=True)
class Due:
    """The alerts that ask for a training, and the moment of the last one."""

    causes: tuple[str, ...]
    last: datetime


def retraining_due(project: Project, now: datetime) -> Due | None:
    """Standing drift that began, or still stands, a cooldown after the last training; None: nothing to do.

    A training that did not end the drift is repeated after `models.drift_cooldown_days`, not sooner.
    """
    ops = OpsStore(project.paths)
    causes = sorted(alert.cause for family in MENDABLE for alert in ops.standing_alerts(family))
    tried = tried_at(ops, ModelRegistry(project.paths.models))
    if not causes or not tried:
        return None
    last = max(tried.values())
    if now < last + timedelta(days=project.settings.models.drift_cooldown_days):
        return None
    return Due(tuple(causes), last)
