"""When each model was last trained, and last found fit to serve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from intake.ops_models import ModelEvent
from intake.ops_store import OpsStore
from orchestration.champions.kinds import in_order
from orchestration.horizons.names import NEAR_SUFFIX
from orchestration.model_registry import ModelRegistry

# Trainings that judged a version: it serves, or lost against the champion, which is thereby as good as a new one.
JUDGED = frozenset({"first", "unreadable", "other", "better", "fresh", "kept", "same"})
TRIED = JUDGED | {"refused"}


def confirmed_at(ops: OpsStore, registry: ModelRegistry) -> Mapping[str, datetime]:
    """By model in use the moment as of which its champion was last trained, or compared with a new version."""
    return _latest(ops.model_events(), registry, JUDGED)


def tried_at(ops: OpsStore, registry: ModelRegistry) -> Mapping[str, datetime]:
    """By model in use the moment as of which a training last ran, even one that could not train anything."""
    return _latest(ops.model_events(), registry, TRIED)


def refusals(ops: OpsStore) -> list[ModelEvent]:
    """The latest training of each model that it could not train: why is in the event's reason."""
    latest = {event.name: event for event in ops.model_events() if event.kind in TRIED}
    moments = {name: event.as_of for name, event in latest.items()}
    return [latest[name] for name in in_order(latest) if latest[name].kind == "refused" and not _dormant(name, moments)]


def refused_note(events: list[ModelEvent]) -> list[str]:
    """The line of a run on what its trainings refused; none where they refused nothing."""
    names = in_order({event.name for event in events if event.kind == "refused"})
    return [f"not trained: {', '.join(names)}; why: concierge models list"] if names else []


def _latest(events: list[ModelEvent], registry: ModelRegistry, kinds: frozenset[str]) -> dict[str, datetime]:
    found = {}
    for name in registry.names():
        card = registry.card(name)
        moments = [event.as_of for event in events if event.name == name and event.kind in kinds]
        if card is not None:
            found[name] = max([datetime.fromisoformat(card.as_of), *moments])
    return {name: moment for name, moment in found.items() if not _dormant(name, found)}


def _dormant(name: str, found: Mapping[str, datetime]) -> bool:
    """A near model that its far sibling's trainings leave out: the near horizon was switched off."""
    far = found.get(name.removesuffix(NEAR_SUFFIX))
    return name.endswith(NEAR_SUFFIX) and far is not None and far > found[name]
