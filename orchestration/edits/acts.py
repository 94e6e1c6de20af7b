"""Everything that people did by hand to what the shop answers, in one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from intake.ops_store import OpsStore

_BY_PEOPLE = {"promoted", "rolled_back"}


@dataclass(frozen=True)
class Act:
    """One act.

    Attributes:
        subject: a file, a model, `identity`, or `pause`.
        people: how many customers it concerns, in words; empty where nobody counted.
        details: lines under it.
    """

    at: datetime
    actor: str
    subject: str
    what: str
    people: str = ""
    details: tuple[str, ...] = ()


def acts_since(ops: OpsStore, since: datetime) -> list[Act]:
    """Edits, models promoted, identities linked or parted, and pauses in force; newest first."""
    found = [*_edits(ops, since), *_models(ops), *_overrides(ops), *_pauses(ops)]
    return sorted((act for act in found if act.at >= since), key=lambda act: (act.at, act.subject), reverse=True)


def _edits(ops: OpsStore, since: datetime) -> Iterator[Act]:
    for edit in ops.edits(since):
        all_asked = edit.asked == edit.people
        people = f"{edit.affected:,} of {edit.people:,}" + ("" if all_asked else f", from {edit.asked:,} asked")
        put_live = "" if edit.published_by == edit.author else f", put live by {edit.published_by}"
        yield Act(edit.at, edit.author, edit.file, f"{edit.what} in {edit.version}{put_live}", people, edit.fields)


def _models(ops: OpsStore) -> Iterator[Act]:
    for event in ops.model_events():
        if event.kind in _BY_PEOPLE:
            what = f"{event.kind.replace('_', ' ')}: {event.version}"
            yield Act(event.at, event.actor, f"model {event.name}", what, "everybody", (event.reason,))


def _overrides(ops: OpsStore) -> Iterator[Act]:
    for removed in ops.removed_overrides():
        yield Act(removed.removed_at, removed.removed_by, "identity", f"{removed.override.kind} taken back")
    for override in ops.overrides():
        yield Act(override.created_at, override.actor, "identity", override.kind, "1 or 2", (override.reason,))


def _pauses(ops: OpsStore) -> Iterator[Act]:
    for pause in ops.pauses():
        if pause.is_automatic:
            continue
        people = "everybody" if pause.scope == "all" else "everybody there"
        yield Act(pause.created_at, pause.actor, "pause", pause.scope, people, (pause.reason,))
