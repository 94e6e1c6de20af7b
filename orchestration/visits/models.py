"""Both models of a visit, trained from one reading and stored together as one small table of points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from ml.errors import NotTrainable
from ml.online import VisitScore
from ml.visits import VisitModel, train_visit
from ml.visits.model import NUMBERS, TEXTS
from orchestration.model_features import refuse_sensitive

MODEL: Final = "visits"
FILE: Final = "visits.json"


@dataclass(frozen=True)
class VisitModels:
    """Models by the variable they answer; `refused` says of each other one why there is none."""

    models: Mapping[str, VisitModel]
    refused: Mapping[str, str]
    goal: str

    def files(self) -> dict[str, bytes]:
        """One JSON document: the goal, and points by variable."""
        scores = {name: model.score.document() for name, model in sorted(self.models.items())}
        return {FILE: json.dumps({"goal": self.goal, "scores": scores}, sort_keys=True).encode()}

    @property
    def metrics(self) -> dict[str, Any]:
        """Variable and competitor → figures."""
        return {
            f"{name}: {who}": dict(figures)
            for name, model in sorted(self.models.items())
            for who, figures in model.metrics.items()
        }

    @property
    def note(self) -> str:
        """What intent looks for, and which model is missing and why."""
        return "; ".join([f"goal: {self.goal}", *(why for _, why in sorted(self.refused.items()))])


def train_visits(rows: Mapping[str, pd.DataFrame], goal: str) -> VisitModels:
    """Train what can be trained.

    Raises:
        NotTrainable: neither model can be; says why of each.
        SensitiveUseError: a feature is a sensitive attribute of this project.
    """
    models, refused = {}, {}
    for name, own in rows.items():
        refuse_sensitive([*NUMBERS[name], *TEXTS], f"ml/visits/model.py: features of {name}")
        try:
            models[name] = train_visit(name, own)
        except NotTrainable as verdict:
            refused[name] = verdict.reason
    if not models:
        raise NotTrainable("; ".join(why for _, why in sorted(refused.items())) or "visits: 0; some are needed")
    return VisitModels(models, refused, goal)


def scores_from(files: Mapping[str, bytes]) -> dict[str, VisitScore]:
    """Points by variable, as the service reads them."""
    body = json.loads(files[FILE])
    return {name: VisitScore.from_document(document) for name, document in body["scores"].items()}
