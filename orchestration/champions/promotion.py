"""Which version a person means, and their word on which one serves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intake.ops_models import ModelEvent
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.champions.kinds import KINDS, in_order
from orchestration.model_registry import ModelRegistry
from serving.snapshot import pointer
from serving.snapshot.manifest import read_manifest

# Events that moved the pointer.
MOVED = frozenset({"first", "unreadable", "other", "better", "fresh", "promoted", "rolled_back"})


class PromotionError(ValueError):
    """There is no such version, several, or nothing to do."""


@dataclass(frozen=True)
class Named:
    """A version of a model."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


def named_version(registry: ModelRegistry, text: str) -> Named:
    """The version that `NAME/VERSION`, a version or its beginning or end means, or the champion of a model's name.

    Raises:
        PromotionError: nothing fits, or several do; the message lists what there is.
    """
    name, _, version = text.rpartition("/")
    known = trained(registry)
    if not name and version in known:
        return _champion(registry, version)
    if name and name not in known:
        raise PromotionError(f"{text}: no model {name!r}; there are: {', '.join(known) or 'none'}")
    where = [name] if name else known
    found = [Named(one, each) for one in where for each in registry.versions(one) if _fits(each, version)]
    exact = [one for one in found if one.version == version] or found
    if len(exact) == 1:
        return exact[0]
    if not exact and text in KINDS:
        raise PromotionError(f"{text}: no version of it was trained yet; `concierge models list` says why")
    if not exact:
        raise PromotionError(f"{text}: no such version; `concierge models list --all` shows those there are")
    told = ", ".join(map(str, exact[:5])) + (" …" if len(exact) > 5 else "")
    raise PromotionError(f"{text}: {len(exact)} versions fit, name one of them: {told}")


def trained(registry: ModelRegistry) -> list[str]:
    """Models of which there is a version, champion or not."""
    folders = registry.root.glob("[!.]*") if registry.root.is_dir() else ()
    return in_order(folder.name for folder in folders if folder.is_dir() and registry.versions(folder.name))


def promote_by_hand(project: Project, target: Named, *, reason: str, actor: str) -> str | None:
    """Make a version champion; returns the one before.

    Raises:
        PromotionError: it serves already, or its files are damaged.
    """
    registry = ModelRegistry(project.paths.models)
    if registry.current_version(target.name) == target.version:
        raise PromotionError(f"{target}: it is the champion already")
    _require_whole(registry, target)
    before = registry.promote(target.name, target.version)
    _note(project, registry, target, "promoted", before or "", reason, actor)
    return before


def roll_back(project: Project, name: str, *, reason: str, actor: str) -> tuple[str, str]:
    """Make the champion before the current one serve again; returns (what serves now, what served until now).

    Raises:
        PromotionError: no such model, no champion before it, or its files are damaged.
    """
    registry = ModelRegistry(project.paths.models)
    if name not in registry.names():
        raise PromotionError(f"no model {name!r} serves; there are: {', '.join(registry.names()) or 'none'}")
    back = registry.linked(name, "previous")
    if back is None:
        raise PromotionError(f"{name}: there is no champion before {registry.current_version(name)} to go back to")
    _require_whole(registry, Named(name, back))
    now, until = registry.go_back(name, _before(OpsStore(project.paths), name, back))
    _note(project, registry, Named(name, now), "rolled_back", until, reason, actor)
    return now, until


def _champion(registry: ModelRegistry, name: str) -> Named:
    version = registry.current_version(name)
    if version is None:
        raise PromotionError(f"{name}: no version of it serves")
    return Named(name, version)


def _fits(version: str, asked: str) -> bool:
    return bool(asked) and (version.startswith(asked) or version.endswith(asked))


def _before(ops: OpsStore, name: str, version: str) -> str | None:
    """The champion that this one replaced when it first began to serve."""
    moved = [event for event in ops.model_events(name) if event.kind in MOVED and event.kind != "rolled_back"]
    return next((event.replaced or None for event in reversed(moved) if event.version == version), None)


def _require_whole(registry: ModelRegistry, target: Named) -> None:
    try:
        registry.load(target.name, target.version)
    except (ValueError, LookupError, OSError) as error:
        raise PromotionError(f"{target} cannot serve: {error}") from error


def _note(
    project: Project, registry: ModelRegistry, target: Named, kind: str, replaced: str, reason: str, actor: str
) -> None:
    card = registry.card(target.name, target.version)
    now = project.clock.now()
    as_of = datetime.fromisoformat(card.as_of) if card else now
    OpsStore(project.paths).record_model_event(
        ModelEvent(target.name, target.version, kind, now, as_of, actor, replaced, reason)
    )


def serves_others(project: Project) -> bool:
    """Whether a model of the live snapshot is no champion any more: what is published has to be scored again."""
    root = project.paths.snapshots
    live = pointer.current(root)
    if live is None:
        return False
    used, now = read_manifest(root / live).model_versions, ModelRegistry(project.paths.models).in_use()
    return any(now.get(name) != version for name, version in used.items())
