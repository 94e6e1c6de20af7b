"""Trains one kind of model for both horizons, each from the midnights that it looks from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import pandas as pd

from intake.project import Project
from ml.cohorts import MOST_ROWS
from ml.errors import NotTrainable
from ml.horizons import relabelled
from orchestration.horizons.names import NEAR_SUFFIX
from orchestration.model_features import model_features
from orchestration.training import Facts, Trained, Training, train_and_store
from orchestration.training_rows import training_rows
from orchestration.warehouse import Warehouse

# Who never ordered cannot stop buying: such rows teach neither model, and are most of a shop's.
TEACHING = "orders_lifetime > 0"
JUDGE_SQL = "select max(as_of), max(horizon_days) from ops.cutoff where role = 'judge'"
NEAR_SQL = "select max(as_of), max(horizon_days) from ops.label_window"
BOUGHT_SQL = """
    select customer_id, as_of, cast(spend_horizon_amount as double) as spend_horizon_amount
    from marts.training_label where horizon_days = ? order by as_of, customer_id
"""


class Judged(Trained, Protocol):
    """What a card says of a model."""

    @property
    def features(self) -> tuple[str, ...]:
        """Columns it reads."""
        ...

    @property
    def cutoffs(self) -> tuple[str, ...]:
        """Cut-offs of the final fit."""
        ...

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """Figures on the later cut-off, by competitor."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What did not work out."""
        ...


@dataclass(frozen=True)
class Lesson:
    """What one model is taught: rows with the labels of its horizon."""

    frame: pd.DataFrame
    judge: pd.Timestamp
    horizon_days: int
    seed: int


class Horizon(NamedTuple):
    """The later cut-off, and how far the models of it look."""

    judge: pd.Timestamp
    days: int


@dataclass(frozen=True)
class Lessons:
    """The name of a model and its rows; `near` where the horizon is not the far one."""

    name: str
    frame: pd.DataFrame
    near: Horizon | None = None


Train = Callable[[Lesson, list[str]], Judged]


def train_horizons(project: Project, warehouse: Warehouse, name: str, as_of: datetime, train: Train) -> list[Training]:
    """Train, judge and store `name`, and `name`_near where a near horizon is set; neither verdict stops the other.

    Of more rows than a final fit takes, every n-th customer's are read.
    """
    far = training_rows(warehouse, model_features(), where=TEACHING, most=MOST_ROWS)
    done = [_trained(project, warehouse, as_of, train, Lessons(name, far))]
    near = near_horizon(warehouse)
    if near is None:
        return done
    del far
    rows = near_rows(warehouse, near.days, model_features(), most=MOST_ROWS)
    closer = Lessons(name + NEAR_SUFFIX, rows, near)
    return [*done, _trained(project, warehouse, as_of, train, closer)]


def near_rows(
    warehouse: Warehouse, horizon_days: int, features: Sequence[str], *, most: int | None = None
) -> pd.DataFrame:
    """Rows of the near horizon's midnights with its labels; of more than about `most`, every n-th customer's."""
    frame = training_rows(warehouse, features, where=TEACHING, most=most, near=True)
    return relabelled(frame, warehouse.frame(BOUGHT_SQL, [horizon_days]))


def _trained(project: Project, warehouse: Warehouse, as_of: datetime, train: Train, lessons: Lessons) -> Training:
    def fit() -> tuple[Trained, Facts]:
        judge, horizon = lessons.near or judging_cutoff(warehouse)
        model = train(Lesson(lessons.frame, judge, horizon, project.settings.seed), model_features())
        return model, Facts(model.features, model.cutoffs, horizon, model.metrics, "; ".join(model.notes))

    return train_and_store(project, lessons.name, lessons.frame, as_of, fit)


def near_horizon(warehouse: Warehouse) -> Horizon | None:
    """The later cut-off of the near horizon; None where there is no near horizon."""
    judge, days = warehouse.rows(NEAR_SQL)[0]
    return None if judge is None else Horizon(pd.Timestamp(str(judge), tz="UTC"), int(str(days)))


def judging_cutoff(warehouse: Warehouse) -> Horizon:
    """The later cut-off and the far horizon.

    Raises:
        NotTrainable: the history is too short for any cut-off.
    """
    judge, horizon = warehouse.rows(JUDGE_SQL)[0]
    if judge is None:
        raise NotTrainable("the history is too short for a cut-off to judge by")
    return Horizon(pd.Timestamp(str(judge), tz="UTC"), int(str(horizon)))
