"""What can be wrong with experiments beyond single fields: within one, with its placement, and between several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import product

from serving.experiments.buckets import BUCKETS
from serving.experiments.definition import ACTIVE, HOLDOUT, Experiment
from serving.experiments.slots import wanted
from serving.placement import Placement

Location = tuple[int | str, ...]
Mistake = tuple[Location, str]


def mistakes_in(experiment: Experiment) -> Iterator[Mistake]:
    """Where one experiment contradicts itself."""
    yield from _plain(experiment)
    if HOLDOUT in experiment.arms:
        yield ("arms", HOLDOUT), f"{HOLDOUT!r} names those outside of all arms; allowed: any other name"
    yield from _levels(experiment)
    yield from _ramp(experiment)
    yield from _canary(experiment)
    start, end = experiment.starts_at, experiment.ends_at
    if start is not None and end is not None and end <= start:
        yield ("ends_at",), f"{end.isoformat()} must lie after starts_at {start.isoformat()}"
    named = [experiment.metrics.primary, *experiment.metrics.secondary]
    for index, name in enumerate(named[1:]):
        if name in named[: index + 1]:
            yield ("metrics", "secondary", index), f"{name!r} is there twice; each metric once"


def mistakes_with(experiment: Experiment, placements: Mapping[str, Placement]) -> Iterator[Mistake]:
    """Names in an experiment that nothing answers to."""
    placement = placements.get(experiment.placement)
    if placement is None:
        yield ("placement",), _unknown(experiment.placement, placements)
        return
    actions = [action.name for action in placement.actions]
    for name, arm in experiment.arms.items():
        if arm.action not in actions:
            yield ("arms", name, "action"), f"of {placement.name}: {_unknown(arm.action, actions)}"


def mistakes_between(experiments: Sequence[Experiment]) -> Iterator[tuple[str, Location, str]]:
    """(experiment, place, what) for those that cannot run side by side."""
    yield from _salts([e for e in experiments if e.status != "stopped"])
    active = [e for e in experiments if e.status in ACTIVE]
    yield from _layers(active)
    yield from _one_placement(active)


def _plain(experiment: Experiment) -> Iterator[Mistake]:
    plain = [name for name, arm in experiment.arms.items() if arm.is_plain]
    if not plain:
        yield ("arms",), "no arm is plain; mark the one that the others are compared with: is_plain: true"
    for name in plain[1:]:
        yield ("arms", name, "is_plain"), f"{plain[0]!r} is plain already; allowed: one plain arm"
    if plain and experiment.arms[plain[0]].is_paused:
        yield ("arms", plain[0], "is_paused"), "the plain arm cannot be paused; set the experiment's status instead"


def _levels(experiment: Experiment) -> Iterator[Mistake]:
    given = {name: arm.levels for name, arm in experiment.arms.items()}
    if experiment.kind != "multivariate":
        for name in (name for name, levels in given.items() if levels):
            yield ("arms", name, "levels"), f"levels belong to kind multivariate, not to {experiment.kind}"
        return
    factors = experiment.factors
    if len(factors) < 2:
        told = ", ".join(factors) or "none"
        yield ("arms",), f"a multivariate experiment has two factors or more in the arms' levels; found: {told}"
        return
    whole = True
    for name, levels in given.items():
        if lacking := [factor for factor in factors if factor not in levels]:
            whole = False
            yield ("arms", name, "levels"), f"no level of {', '.join(lacking)}; every arm has a level of each factor"
    if whole:
        yield from _combinations(given, factors)


def _combinations(given: Mapping[str, Mapping[str, str]], factors: Mapping[str, Sequence[str]]) -> Iterator[Mistake]:
    seen: dict[tuple[str, ...], str] = {}
    for name, levels in given.items():
        combination = tuple(levels[factor] for factor in factors)
        if combination in seen:
            yield ("arms", name, "levels"), f"has the levels of {seen[combination]!r}; combinations must differ"
        seen.setdefault(combination, name)
    for combination in product(*factors.values()):
        if combination not in seen:
            told = ", ".join(f"{factor}: {level}" for factor, level in zip(factors, combination, strict=True))
            yield ("arms",), f"no arm has {{{told}}}; every combination of levels needs an arm"


def _ramp(experiment: Experiment) -> Iterator[Mistake]:
    steps = experiment.ramp
    for index in range(1, len(steps)):
        if steps[index].share <= steps[index - 1].share:
            before = steps[index - 1].share
            yield ("ramp", index, "share"), f"{steps[index].share} must be above the step before ({before})"
    if steps and steps[-1].share < 1:
        yield (
            ("ramp", len(steps) - 1, "share"),
            f"{steps[-1].share:g} leaves the ramp short of the whole traffic; the last step has share 1, all of "
            f"`traffic` ({experiment.traffic:g} of the layer)",
        )


def _canary(experiment: Experiment) -> Iterator[Mistake]:
    for name in () if experiment.canary is None else experiment.canary.arms:
        if name not in experiment.arms:
            yield ("canary", "arms", name), _unknown(name, experiment.arms)


def _salts(experiments: Sequence[Experiment]) -> Iterator[tuple[str, Location, str]]:
    seen: dict[str, str] = {}
    # Of two, the one whose file names a salt is told.
    for one in sorted(experiments, key=lambda one: bool(one.salt)):
        salt = one.salt or one.name
        if salt in seen:
            message = f"{salt!r} is the salt of {seen[salt]!r} too: their draws would be the same; salts must differ"
            yield one.name, ("salt",), message
        seen.setdefault(salt, one.name)


def _layers(experiments: Sequence[Experiment]) -> Iterator[tuple[str, Location, str]]:
    used: dict[str, list[Experiment]] = {}
    for one in experiments:
        others = used.setdefault(one.layer, [])
        if others and others[0].unit != one.unit:
            yield (
                one.name,
                ("unit",),
                (
                    f"{one.unit!r}, but {others[0].name!r} of the same layer {one.layer!r} has {others[0].unit!r}; "
                    "experiments of one layer have one unit"
                ),
            )
        # Whole buckets, as they are allotted: 0.1 + 0.2 + 0.7 is a layer, and six times 1/6 is two buckets too many.
        before = sum(map(wanted, others))
        if before + wanted(one) > BUCKETS:
            held = ", ".join(f"{other.name} {other.traffic:g}" for other in others)
            yield (
                one.name,
                ("traffic",),
                (
                    f"{one.traffic:g} does not fit into layer {one.layer!r}, of which {held} hold "
                    f"{before / BUCKETS:g}; allowed: at most {max(0, BUCKETS - before) / BUCKETS:g}"
                ),
            )
        others.append(one)


def _one_placement(experiments: Sequence[Experiment]) -> Iterator[tuple[str, Location, str]]:
    first: dict[str, Experiment] = {}
    for one in (e for e in experiments if e.kind != "shadow"):
        other = first.setdefault(one.placement, one)
        if other.layer != one.layer:
            yield (
                one.name,
                ("layer",),
                (
                    f"{one.layer!r}, but {other.name!r} runs on {one.placement!r} in layer {other.layer!r}; "
                    "experiments on one placement share a layer"
                ),
            )


def _unknown(name: str, allowed: Mapping[str, object] | Sequence[str]) -> str:
    near = get_close_matches(name, list(allowed), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{name!r} is unknown; allowed: {', '.join(allowed) or 'none'}{hint}"
