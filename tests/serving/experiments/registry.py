"""Experiments on the sample shop, as people write them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from serving.decide import decide
from serving.experiments.definition import Experiment
from serving.experiments.enrolment import Enrolment
from serving.experiments.learned import ArmRow, Learned, learned_of
from serving.live import LiveSnapshot
from serving.question import Context, Decision, Question
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import SnapshotContents
from serving.snapshot.writer import write_snapshot
from tests.serving import sample

ARMS: dict[str, dict[str, Any]] = {
    "plain": {"action": "welcome", "is_plain": True},
    "specials": {"action": "weekly_specials"},
    "produce": {"action": "produce"},
}


def experiment(**changes: Any) -> Experiment:
    """A running A/B test with three equal arms on the banner."""
    parts: dict[str, Any] = {
        "name": "banner",
        "hypothesis": "Specials sell.",
        "kind": "ab",
        "placement": "home_hero",
        "arms": ARMS,
        "owner": "tests",
        "status": "running",
    }
    return Experiment.model_validate(parts | changes)


def learned(*experiments: Experiment, rows: Iterable[ArmRow] = (), **shares: float) -> Learned:
    """What a version knows of them; shares in force by name, else what their files say."""
    running = {one.key: shares.get(one.name, one.first_share) for one in experiments if one.status == "running"}
    return learned_of(list(experiments), running, {}, rows)


@contextmanager
def live(folder: Path, what: Learned, **changes: Any) -> Iterator[LiveSnapshot]:
    """The sample shop with experiments."""
    contents = dataclasses.replace(_contents(), learned=what, **changes)
    path = write_snapshot(folder, contents, version="v1", as_of=sample.NOW, created_at=sample.NOW)
    with closing(LiveSnapshot(SnapshotReader(path))) as snapshot:
        yield snapshot


@cache
def _contents() -> SnapshotContents:
    """The sample without its rules, which nobody asks here and which take long to compile."""
    return sample.contents(policies=[])


def stranger(number: int) -> tuple[tuple[str, str], ...]:
    """Identifiers of a cookie that nobody knows."""
    return (("cookie", sample.value_hash("cookie", f"stranger {number}")),)


def ask(
    snapshot: LiveSnapshot,
    who: tuple[tuple[str, str], ...],
    placement: str = "home_hero",
    context: Context | None = None,
    paused: Iterable[str] = (),
) -> Decision:
    """One answer."""
    question = Question(placement, who, frozenset(paused))
    return decide(snapshot, question, context or Context(), sample.NOW)


def part(decision: Decision) -> Enrolment | None:
    """Its part in an experiment, or None."""
    return decision.experiment if isinstance(decision.experiment, Enrolment) else None


def rows(name: str, cells: Mapping[tuple[int, str], Mapping[str, float]], table: str = "t1") -> list[ArmRow]:
    """A table of probabilities."""
    return [
        ArmRow(name, 1, segment, bucket, arm, p, table)
        for (segment, bucket), row in cells.items()
        for arm, p in row.items()
    ]
