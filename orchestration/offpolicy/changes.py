"""Which placements answer otherwise under other files."""

from __future__ import annotations

from serving.content import Content
from serving.policy import Policy


def changed_placements(before: Content, after: Content, *, with_experiments: bool = True) -> set[str]:
    """Names of placements whose own file, policies or experiments differ.

    A rule that names no placement concerns all of them.
    """
    every = {one.name for one in (*before.placements, *after.placements)}
    was, is_now = ({one.name: one for one in side.placements} for side in (before, after))
    found = {name for name in every if was.get(name) != is_now.get(name)}
    old, new = ({one.name: one for one in side.policies} for side in (before, after))
    for name in old.keys() | new.keys():
        found |= _concerned(old.get(name), new.get(name), every)
    if with_experiments:
        trials, others = ({one.key: one for one in side.experiments} for side in (before, after))
        for key in trials.keys() | others.keys():
            if trials.get(key) != others.get(key):
                found |= {one.placement for one in (trials.get(key), others.get(key)) if one is not None}
    return found & every


def _concerned(before: Policy | None, after: Policy | None, every: set[str]) -> set[str]:
    old, new = ([] if one is None else one.rules for one in (before, after))
    named: set[str] = set()
    for rule in (*(one for one in old if one not in new), *(one for one in new if one not in old)):
        if not rule.placements:
            return every
        named.update(rule.placements)
    return named
