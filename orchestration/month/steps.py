"""What the company does at the end of an hour and of a week, on its own schedule in simulated time."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from intake.ops_store import OpsStore
from orchestration.learning.tick import learn
from orchestration.month.hour import Life
from orchestration.month.owners import Owners
from orchestration.pausing.tick import tick
from orchestration.pipeline import run_pipeline
from simulation.arrays import Bool
from simulation.month.planted import BANNER, BANNERS


def after_hour(life: Life, now: datetime) -> None:
    """Learn from what came in, publish it, look at every surface, and let the service follow."""
    project = life.month.project
    learn(project, now)
    tick(project, now)
    life.shop.follow()


def after_week(life: Life, owners: Owners, now: datetime) -> None:
    """Carry the week into the tables, have the experiments read out, and do what the verdicts say."""
    life.month.tell_time()
    run_pipeline(life.month.project, now, hourly=True)
    owners.look(life.month, now)


def paused_banners(life: Life) -> Bool:
    """Which banners are not drawn now."""
    arms = OpsStore(life.month.project.paths).paused_arms()
    paused = {arm for name, _, arm in arms if name == BANNER}
    return np.array([name in paused for name in BANNERS], dtype=np.bool_)
