"""The difference between what was published and what is to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from serving.content import Content
from serving.experiments.definition import Experiment
from serving.policy import Policy

Kind = Literal["placement", "policy", "experiment"]
FOLDERS: Mapping[Kind, Literal["placements", "policies", "experiments"]] = {
    "placement": "placements",
    "policy": "policies",
    "experiment": "experiments",
}
_LONGEST = 80
_NOTHING = "nothing"


@dataclass(frozen=True)
class Change:
    """One file that says something else than before.

    Attributes:
        what: `added`, `removed` or `edited`.
        fields: of an edit, each field with its value before and after.
        placements: whose answers it can change.
    """

    kind: Kind
    name: str
    what: str
    fields: tuple[str, ...]
    placements: frozenset[str]

    @property
    def file(self) -> str:
        """The file, from the configuration folder on."""
        return f"{FOLDERS[self.kind]}/{self.name}.yml"


def changes_between(before: Content, after: Content) -> list[Change]:
    """Placements, policies and experiments that were added, removed or edited, by name."""
    everywhere = frozenset(placement.name for placement in after.placements)
    found = []
    for kind in FOLDERS:
        for name, old, new in _pairs(before, after, kind):
            concerned = _concerned(kind, name, old, everywhere) | _concerned(kind, name, new, everywhere)
            found.append(_change(kind, name, old, new, concerned))
    return found


def _pairs(before: Content, after: Content, kind: Kind) -> Iterator[tuple[str, BaseModel | None, BaseModel | None]]:
    old = {one.name: one for one in getattr(before, FOLDERS[kind])}
    new = {one.name: one for one in getattr(after, FOLDERS[kind])}
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def _change(kind: Kind, name: str, old: BaseModel | None, new: BaseModel | None, placements: frozenset[str]) -> Change:
    if old is None or new is None:
        return Change(kind, name, "added" if old is None else "removed", (), placements)
    return Change(kind, name, "edited", tuple(fields_between(old, new)), placements)


def _concerned(kind: Kind, name: str, one: BaseModel | None, everywhere: frozenset[str]) -> frozenset[str]:
    """The placements whose answers it can change."""
    if isinstance(one, Experiment):
        return frozenset({one.placement})
    if kind == "placement":
        return frozenset({name})
    named: frozenset[str] = frozenset()
    for rule in one.rules if isinstance(one, Policy) else ():
        named |= frozenset(rule.placements) or everywhere
    return named


def fields_between(old: BaseModel, new: BaseModel) -> Iterator[str]:
    """`actions[free_shipping].cost: 3.0 -> 4.0`, in order of the fields."""
    was, now = dict(_leaves(old.model_dump(mode="json"))), dict(_leaves(new.model_dump(mode="json")))
    for path in dict.fromkeys([*was, *now]):
        if was.get(path, _NOTHING) != now.get(path, _NOTHING):
            yield f"{path}: {_short(was.get(path, _NOTHING))} -> {_short(now.get(path, _NOTHING))}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, below in value.items():
            yield from _leaves(below, f"{path}.{name}" if path else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for place, below in enumerate(value):
            yield from _leaves(below, f"{path}[{_name_of(below, place)}]")
    else:
        yield path, value


def _name_of(value: Any, place: int) -> str:
    """Entries are told by their name, so that a new one in front does not make all others look edited."""
    named = value.get("name") or value.get("id") if isinstance(value, Mapping) else None
    return str(named or place)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
