"""A version that was just trained becomes champion, or stands in the champion's shadow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from intake.ops_models import ModelEvent
from intake.ops_store import OpsStore
from intake.project import Project
from ml.champion import Limits, Trial, decide, paired
from orchestration.champions.trials import WITHOUT_TWIN
from orchestration.model_registry import ModelCard, ModelRegistry, StoredModel

TRAINING = "training"


@dataclass(frozen=True)
class Launch:
    """What became of a version: `kind` as in `ModelEvent`, and why."""

    kind: str
    why: str

    @property
    def serves(self) -> bool:
        """Whether it is the champion now."""
        return self.kind != "kept"

    @property
    def is_loud(self) -> bool:
        """Whether it replaced a champion that could not be compared with it: somebody should know."""
        return self.kind in ("unreadable", "other")


def launch(project: Project, registry: ModelRegistry, card: ModelCard, trial: Trial | None) -> Launch:
    """Compare a stored version with the champion, promote it or put it into the shadow, and write that down."""
    before = registry.current_version(card.name)
    done = _judged(project, registry, card, trial, before)
    if done.kind == "kept":
        registry.shadow(card.name, card.version)
    elif done.kind != "same":
        registry.promote(card.name, card.version)
    note(project, card.name, card.version, done, as_of=datetime.fromisoformat(card.as_of), replaced=before)
    registry.prune(card.name, project.settings.models.keep_versions)
    return done


def note(project: Project, name: str, version: str, done: Launch, *, as_of: datetime, replaced: str | None) -> None:
    """Write into `ops.sqlite` what became of a training."""
    gone = replaced if replaced and done.serves and replaced != version and done.kind != "refused" else ""
    OpsStore(project.paths).record_model_event(
        ModelEvent(name, version, done.kind, project.clock.now(), as_of, TRAINING, gone or "", done.why)
    )


def _judged(
    project: Project, registry: ModelRegistry, card: ModelCard, trial: Trial | None, before: str | None
) -> Launch:
    if before is None:
        return Launch("first", "the first version of this model")
    if before == card.version:
        return Launch("same", "the same data, code and settings gave the version that serves")
    try:
        champion = registry.load(card.name, before)
    except (ValueError, LookupError, OSError, TypeError) as error:
        return Launch("unreadable", f"the champion {before} cannot be loaded ({_line(error)}), so the new one serves")
    changed = _asked_otherwise(card, champion.card)
    if changed:
        return Launch("other", f"{changed}, so the new one serves")
    if trial is None:
        return Launch("fresh", "there is no later period to compare versions on, so the newest serves")
    return _tried(project, card, champion, trial)


def _asked_otherwise(card: ModelCard, champion: ModelCard) -> str:
    """What makes the champion the answer to another question; empty where nothing does."""
    if card.horizon_days != champion.horizon_days:
        return f"the horizon is {card.horizon_days} days instead of {champion.horizon_days}"
    gone = [name for name in champion.features if name not in card.features]
    if gone:
        return f"the champion reads {', '.join(gone[:5])}, which {'is' if len(gone) == 1 else 'are'} no feature now"
    old, new = champion.recipe, card.recipe
    turned = [f"{name} is {new[name]} instead of {old[name]}" for name in new if name in old and old[name] != new[name]]
    return "; ".join(turned)


def _tried(project: Project, card: ModelCard, champion: StoredModel, trial: Trial) -> Launch:
    try:
        old = trial.rescore(_judged_files(champion))
    except Exception as error:  # noqa: BLE001 - whatever an older version of the code wrote, training goes on
        told = f"the champion {champion.card.version} cannot answer on the new rows ({_line(error)})"
        return Launch("unreadable", f"{told}, so the new one serves")
    # A failure of the comparison itself must not put a version to work that nobody has compared.
    verdict = paired(trial, old, project.settings.seed)
    limits = Limits(project.settings.models.segment_margin, project.settings.models.fresh_days)
    found = decide(verdict, age_days(card, champion.card), limits)
    return Launch(found.kind, found.why)


def _judged_files(champion: StoredModel) -> Mapping[str, bytes]:
    """The champion's twin.

    Raises:
        ValueError: none was kept; the served model may have seen the very period that is to judge.
    """
    if champion.card.name in WITHOUT_TWIN:
        return champion.files
    if not champion.twin:
        raise ValueError("its judged twin was not kept")
    return champion.twin


def age_days(card: ModelCard, champion: ModelCard) -> float:
    """By how many days the champion looked from an earlier moment."""
    seconds = datetime.fromisoformat(card.as_of) - datetime.fromisoformat(champion.as_of)
    return seconds.total_seconds() / 86_400


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
