"""The row of probabilities that an arm is drawn from: of the permitted arms alone, adding up to 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serving.experiments.definition import Experiment

# A row that nothing is taken out of is logged as it was published, to the bit.
_ROUNDING = 1e-9


def shares_of(experiment: Experiment, arms: Sequence[str]) -> dict[str, float]:
    """Declared shares of some arms, scaled to add up to 1."""
    total = sum(experiment.arms[name].share for name in arms)
    return {name: experiment.arms[name].share / total for name in arms}


def learned_row(experiment: Experiment, published: Mapping[str, float], arms: Sequence[str]) -> dict[str, float]:
    """A published row without the arms that are not permitted.

    The plain arm stands outside the learner: where the row leaves it out it has its declared share. What is left is
    scaled to 1, and each learned arm keeps the floor ε/K of what the learned arms have together.

    Args:
        experiment: whose arms.
        published: arm to probability; arms that are gone are passed over, new ones get the floor.
        arms: permitted, at least one.
    """
    whole = _with_plain(experiment, published)
    row = {name: whole.get(name, 0.0) for name in arms}
    total = sum(row.values())
    if total <= 0:
        return shares_of(experiment, arms)
    if abs(total - 1.0) > _ROUNDING:
        row = {name: p / total for name, p in row.items()}
    plain = experiment.plain_arm
    learned = {name: p for name, p in row.items() if name != plain}
    mass = sum(learned.values())
    if not learned:
        return row
    if mass <= 0:
        return shares_of(experiment, arms)
    return row | lifted(learned, mass, experiment.floor * mass / len(learned))


def _with_plain(experiment: Experiment, published: Mapping[str, float]) -> dict[str, float]:
    known = {name: p for name, p in published.items() if name in experiment.arms and p > 0}
    plain = experiment.plain_arm
    if plain in published:
        return known
    fixed = experiment.arms[plain].share / sum(arm.share for arm in experiment.arms.values())
    total = sum(known.values())
    return {name: (1 - fixed) * p / total for name, p in known.items()} | {plain: fixed}


def lifted(row: Mapping[str, float], mass: float, least: float) -> dict[str, float]:
    """The row with nothing below `least`; the others give in proportion. A row above it stays as it is to the bit."""
    low: set[str] = set()
    found = dict(row)
    while True:
        # A published floor may come out of scaling a rounding error below itself.
        below = {name for name, p in found.items() if name not in low and p < least * (1 - 1e-9)}
        if not below:
            return found
        low |= below
        left = sum(p for name, p in row.items() if name not in low)
        scale = (mass - least * len(low)) / left if left > 0 else 0.0
        found = {name: least if name in low else p * scale for name, p in row.items()}


def drawn(row: Sequence[float], u: float) -> int:
    """Index of the part of [0, 1) that `u` falls into."""
    for index, p in enumerate(row):
        if u < p:
            return index
        u -= p
    # Rounding may leave a hair above the last part; it goes to the last arm that can be drawn at all.
    return max(index for index, p in enumerate(row) if p > 0)
