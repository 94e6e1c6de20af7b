"""Train a model, judge it and store it; what cannot be trained says why and leaves the current version in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pandas as pd

from intake.project import Project
from ml.errors import NotTrainable
from orchestration.model_registry import ModelCard, ModelRegistry, code_version, frame_hash, version_name


class Trained(Protocol):
    """What a stored model must be able to do."""

    def files(self) -> dict[str, bytes]:
        """The model as files."""
        ...


@dataclass(frozen=True)
class Training:
    """The outcome of one training: the card of the version that was stored, or why there is none."""

    name: str
    card: ModelCard | None
    reason: str = ""


@dataclass(frozen=True)
class Facts:
    """What a model says about itself for its card."""

    features: Sequence[str]
    cutoffs: Sequence[str]
    horizon_days: int | None
    metrics: Mapping[str, Any]
    note: str = ""


def train_and_store(
    project: Project,
    name: str,
    frame: pd.DataFrame,
    as_of: datetime,
    fit: Callable[[], tuple[Trained, Facts]],
) -> Training:
    """Fit, write a version and make it current.

    `NotTrainable` is a verdict about the data, not a failure: the current version goes on serving, and the reason is
    returned for the asset to show.
    """
    try:
        model, facts = fit()
    except NotTrainable as verdict:
        return Training(name, None, verdict.reason)
    data, code = frame_hash(frame), code_version()
    card = ModelCard(
        name=name,
        version=version_name(as_of, data, code),
        as_of=as_of.isoformat(),
        trained_at=project.clock.now().isoformat(timespec="seconds"),
        features=list(facts.features),
        cutoffs=list(facts.cutoffs),
        horizon_days=facts.horizon_days,
        metrics=facts.metrics,
        data_hash=data,
        code_version=code,
        rows=len(frame),
        note=facts.note,
    )
    ModelRegistry(project.paths.models).save(card, model.files())
    return Training(name, card)
