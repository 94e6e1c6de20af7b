"""The split of an experiment: all that decides who draws which arm. It is never edited; another split is a version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from serving.experiments.definition import Experiment

FIXED = ("kind", "placement", "unit", "layer", "salt", "traffic", "holdout", "canary")
_OF_ARM = ("action", "share", "is_plain", "levels")
Location = tuple[int | str, ...]


def split_of(experiment: Experiment) -> dict[str, Any]:
    """The fields that make up the split."""
    whole = experiment.model_dump(mode="json")
    told = {name: whole[name] for name in FIXED} | {"salt": experiment.salt or experiment.name}
    told["arms"] = {name: {field: arm[field] for field in _OF_ARM} for name, arm in whole["arms"].items()}
    return told


def split_hash(experiment: Experiment) -> str:
    """BLAKE2b-128 of the split, as hex."""
    content = msgspec.json.encode(split_of(experiment), order="deterministic")
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def split_changes(before: Experiment, now: Experiment) -> Iterator[tuple[Location, str]]:
    """(place, what) wherever the split differs from the one that was published under this version.

    A bandit may get and lose arms in flight, since its shares are only a start; an arm that stays shows the same.
    """
    old, new = split_of(before), split_of(now)
    for field in FIXED:
        if old[field] != new[field]:
            yield (field,), _told(now, f"{new[field]!r}, was {old[field]!r}")
    yield from _arms(old["arms"], new["arms"], now)


def _arms(old: Mapping[str, Any], new: Mapping[str, Any], now: Experiment) -> Iterator[tuple[Location, str]]:
    may_come_and_go = now.kind == "bandit"
    for name in [*new, *(name for name in old if name not in new)]:
        if name not in old or name not in new:
            if not may_come_and_go:
                yield (
                    ("arms", name) if name in new else ("arms",),
                    _told(now, f"arm {name!r} {'is new' if name in new else 'is gone'}"),
                )
            continue
        for field in _OF_ARM:
            if old[name][field] != new[name][field] and not (may_come_and_go and field == "share"):
                yield ("arms", name, field), _told(now, f"{new[name][field]!r}, was {old[name][field]!r}")


def _told(now: Experiment, what: str) -> str:
    return (
        f"{what} in version {now.version} as it was published; a split is never edited: "
        f"set version: {now.version + 1} (everybody draws anew)"
    )
