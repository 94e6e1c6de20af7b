"""Pauses in words: what is paused, why, since when, and what would lift it; what is watched and how it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from intake.ops_store import OpsStore
from intake.pause_records import BY_HAND, PauseEvent, Standing
from intake.pause_rules import rule_of
from intake.settings_pausing import PausingSettings


@dataclass(frozen=True)
class InForce:
    """One pause in force."""

    scope: str
    cause: str
    since: datetime
    actor: str
    reason: str
    lifted_by: str
    evidence: Mapping[str, Any]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "evidence": dict(self.evidence)}


def in_force(store: OpsStore, settings: PausingSettings, now: datetime) -> list[InForce]:
    """Everything that is paused, in order of scope."""
    standings = store.standings(now)
    found = []
    for pause in store.pauses():
        standing = standings.get((pause.scope, pause.cause))
        lifted_by = "by hand: concierge resume" if standing is None else _ends(standing, settings, pause.cause)
        told = pause.scope, pause.cause or BY_HAND, pause.created_at, pause.actor, pause.reason
        found.append(InForce(*told, lifted_by, pause.evidence))
    return found


def as_json_text(store: OpsStore, settings: PausingSettings, now: datetime, scope: str, history: int) -> str:
    """The status as JSON: `paused`, `watched` and `steps`."""
    watched = [
        {"scope": key[0], "cause": key[1], **_watched(standing, settings, key[1], now)}
        for key, standing in store.standings(now).items()
        if scope in ("", key[0])
    ]
    steps = [asdict(event) for event in _steps(store, scope, history)]
    paused = [one.plain() for one in in_force(store, settings, now) if scope in ("", one.scope)]
    return json.dumps({"paused": paused, "watched": watched, "steps": steps}, indent=1, default=str)


def as_lines(store: OpsStore, settings: PausingSettings, now: datetime, scope: str, history: int) -> Iterator[str]:
    """The status for people."""
    paused = [one for one in in_force(store, settings, now) if scope in ("", one.scope)]
    yield f"paused: {len(paused) or 'nothing'}"
    for one in paused:
        yield f"  {one.scope}, {one.cause}, since {one.since:%Y-%m-%d %H:%M} UTC, by {one.actor}: {one.reason}"
        yield f"    ends {one.lifted_by}"
        if one.evidence:
            yield f"    evidence: {json.dumps(dict(one.evidence), default=str)}"
    yield "watched:"
    for (surface, cause), standing in store.standings(now).items():
        if scope in ("", surface) and not standing.is_paused:
            said = _watched(standing, settings, cause, now)
            yield f"  {surface}, {cause}: {said['verdict']}, {said['told']}{said['note']}"
    steps = _steps(store, scope, history)
    yield f"last steps: {'none' if not steps else ''}".rstrip()
    for event in steps:
        until = f", grace until {event.until:%Y-%m-%d %H:%M}" if event.until else ""
        told = f"{event.kind} {event.surface} ({event.cause}, {event.actor}{until}): {event.reason}"
        yield f"  {event.at:%Y-%m-%d %H:%M:%S} {told}"


def _ends(standing: Standing, settings: PausingSettings, cause: str) -> str:
    rule = rule_of(settings, cause)
    if rule.is_automatic and standing.resumed_today >= rule.most_resumes:
        return f"by hand: it resumed by itself {standing.resumed_today} times within a day already"
    sofar = f"; {standing.streak.healthy} so far" if rule.is_automatic else ""
    return rule.ends() + sofar


def _watched(standing: Standing, settings: PausingSettings, cause: str, now: datetime) -> dict[str, Any]:
    streak, last = standing.streak, standing.last
    rule, note = rule_of(settings, cause), ""
    if streak.breaches and not standing.is_paused:
        note = f"; {streak.breaches} of {rule.looks} looks beyond the bound"
    if last is not None and last.kind == "resume" and last.until is not None and last.until > now:
        note += f"; left alone until {last.until:%Y-%m-%d %H:%M} UTC after {last.actor} resumed it"
    look = streak.look
    return {
        "is_paused": standing.is_paused,
        "verdict": look.verdict if look else "silent",
        "told": look.told if look else "not looked at yet",
        "at": streak.at,
        "evidence": dict(look.evidence) if look else {},
        "note": note,
    }


def _steps(store: OpsStore, scope: str, history: int) -> list[PauseEvent]:
    found = store.pause_events(scope or None)
    return found[-history:] if history else []
