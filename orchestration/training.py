"""Train a model, judge it and store it; what cannot be trained says why and leaves the current version in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pandas as pd

from intake.project import Project
from ml.errors import NotTrainable
from ml.segments import SegmentModel
from orchestration.champions.card_files import write_card
from orchestration.champions.card_page import PICTURE, card_picture
from orchestration.champions.evidence import evidence_for
from orchestration.champions.launch import Launch, launch, note
from orchestration.champions.trials import WITHOUT_TWIN, trial_for
from orchestration.model_registry import TWIN, ModelCard, ModelRegistry, code_version, frame_hash, version_name


class Trained(Protocol):
    """What a stored model must be able to do; with an attribute `twin` it is compared with the version in use."""

    def files(self) -> dict[str, bytes]:
        """The model as files."""
        ...


@dataclass(frozen=True)
class Training:
    """The outcome of one training: the card of the version that was stored, or why there is none.

    Attributes:
        launch: whether that version serves, and why.
        picture: of its card, PNG.
    """

    name: str
    card: ModelCard | None
    reason: str = ""
    launch: Launch | None = None
    picture: bytes | None = None

    @property
    def serves(self) -> bool:
        """Whether a version was stored and is the champion."""
        return self.launch is not None and self.launch.serves


@dataclass(frozen=True)
class Facts:
    """What a model says about itself for its card.

    Attributes:
        recipe: settings that ask for another model when they change.
    """

    features: Sequence[str]
    cutoffs: Sequence[str]
    horizon_days: int | None
    metrics: Mapping[str, Any]
    note: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)


def train_and_store(
    project: Project,
    name: str,
    frame: pd.DataFrame,
    as_of: datetime,
    fit: Callable[[], tuple[Trained, Facts]],
) -> Training:
    """Fit, write a version, and make it champion or let it score in the champion's shadow.

    `NotTrainable` is a verdict about the data, not a failure: the current version goes on serving, and the reason is
    returned for the asset to show.
    """
    registry = ModelRegistry(project.paths.models)
    try:
        model, facts = fit()
    except NotTrainable as verdict:
        refused = Launch("refused", verdict.reason)
        note(project, name, "", refused, as_of=as_of, replaced=registry.current_version(name))
        return Training(name, None, verdict.reason)
    files = {**model.files(), **_twin_files(name, model)}
    card = _card(project, name, frame, as_of, facts, files)
    shown = evidence_for(name, model, facts.metrics, project.settings.seed)
    card = ModelCard(**{**vars(card), "intervals": shown.intervals, "evidence": shown.evidence})
    png = card_picture(card)
    registry.store(card, files | ({PICTURE: png} if png else {}))
    trial = trial_for(name, model, segments_in_use(registry))
    became = launch(project, registry, card, trial)
    write_card(project, name, card.version)
    return Training(name, card, launch=became, picture=png)


def segments_in_use(registry: ModelRegistry) -> SegmentModel | None:
    """The segment model that serves; None where there is none, or it cannot be read."""
    if registry.current_version("segments") is None:
        return None
    try:
        return SegmentModel.from_files(registry.load("segments").files)
    except (ValueError, LookupError, OSError):
        # Its own training says so; without segments others are compared over everybody alone.
        return None


def _card(
    project: Project, name: str, frame: pd.DataFrame, as_of: datetime, facts: Facts, files: Mapping[str, bytes]
) -> ModelCard:
    data, code = frame_hash(frame), code_version()
    made_of = [data, code, *(content.hex() for _, content in sorted(files.items()))]
    return ModelCard(
        name=name,
        version=version_name(as_of, *made_of),
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
        seed=project.settings.seed,
        recipe=facts.recipe,
    )


def _twin_files(name: str, model: Trained) -> dict[str, bytes]:
    """Files of the judged twin beside the model's own."""
    twin = None if name in WITHOUT_TWIN else getattr(model, "twin", None)
    return {} if twin is None else {f"{TWIN}{file}": content for file, content in twin.model.files().items()}
