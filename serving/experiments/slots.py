"""Who has which part of a layer. What an experiment once holds it keeps, or people would move between experiments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from serving.experiments.buckets import BUCKETS
from serving.experiments.definition import Experiment
from serving.yaml_file import ConfigError

Ranges = list[tuple[int, int]]
"""Parts of a layer, as buckets from (included) and to (excluded)."""


class LayerFullError(ConfigError):
    """Experiments want more of a layer than there is; the message names them and what is free."""


def allotted(experiments: Sequence[Experiment], before: Mapping[str, Ranges]) -> dict[str, Ranges]:
    """Ranges by `name/version`: those of before where they still fit, else the first free ones.

    Args:
        experiments: all that hold a place, running or paused.
        before: ranges of the live version.

    Raises:
        LayerFullError: a layer has no room for one of them.
    """
    found: dict[str, Ranges] = {}
    for layer in dict.fromkeys(one.layer for one in experiments):
        found |= _in_layer([one for one in experiments if one.layer == layer], before)
    return found


def _in_layer(experiments: Sequence[Experiment], before: Mapping[str, Ranges]) -> dict[str, Ranges]:
    held: dict[str, Ranges] = {}
    for one in experiments:
        ranges = before.get(one.key, [])
        if _size(ranges) == wanted(one) and not _overlap(ranges, [r for rs in held.values() for r in rs]):
            held[one.key] = list(ranges)
    for one in experiments:
        if one.key not in held:
            held[one.key] = _free(one, [r for rs in held.values() for r in rs])
    return held


def wanted(experiment: Experiment) -> int:
    """Buckets of the layer that the whole traffic of an experiment is."""
    return max(1, round(experiment.traffic * BUCKETS))


def _size(ranges: Iterable[Sequence[int]]) -> int:
    return sum(end - start for start, end in ranges)


def _overlap(ranges: Iterable[Sequence[int]], others: Iterable[Sequence[int]]) -> bool:
    taken = list(others)
    return any(start < end_b and start_b < end for start, end in ranges for start_b, end_b in taken)


def _free(experiment: Experiment, taken: Ranges) -> Ranges:
    left, found, at = wanted(experiment), [], 0
    for start, end in [*sorted(taken), (BUCKETS, BUCKETS)]:
        room = min(left, start - at)
        if room > 0:
            found.append((at, at + room))
            left -= room
        at = max(at, end)
    if left:
        free = BUCKETS - _size(taken)
        raise LayerFullError(
            f"experiment {experiment.key}: traffic {experiment.traffic:g} does not fit into layer "
            f"{experiment.layer!r}, of which {free / BUCKETS:g} is free"
        )
    return found


def position(ranges: Ranges, bucket: int) -> int | None:
    """How far into its experiment's part a bucket lies, from 0; None when it lies outside."""
    passed = 0
    for start, end in ranges:
        if start <= bucket < end:
            return passed + bucket - start
        passed += end - start
    return None
