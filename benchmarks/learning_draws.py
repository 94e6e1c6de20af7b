"""Draws of experiments in the service: whether a million of them have the published probabilities, and what they cost.

The cost is CPU time of one decision with its log line, with and without an experiment on the placement, in turns on the
same snapshot; and of remembering a first draw in the live overlay and reading it back.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from scipy import stats

from benchmarks.serving import AS_OF, build
from intake.hashing import keyed_hash
from intake.keys import identifier_key_bytes
from intake.paths import DataPaths
from serving.decide import decide_for, situation
from serving.experiments.assigning import from_trials
from serving.experiments.definition import Experiment
from serving.experiments.enrolment import Remembered
from serving.experiments.learned import ArmRow, Learned, learned_of
from serving.lines import decision_line
from serving.live import LiveSnapshot
from serving.overlay.assigned import Whose
from serving.overlay.environment import open_overlay
from serving.overlay.overlay import Overlay
from serving.person import find_person
from serving.question import Context, Question
from serving.session.reducer import shipped_reducer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.relearned import write_relearned

CUSTOMERS = 2_000
DRAWS = 1_000_000
PUBLISHED = {"welcome": 0.10, "specials": 0.6405, "produce": 0.2295, "meat": 0.03}
PLACEMENT = "home_hero"
Row = tuple[str, float | str, str | None, bool | None]


def banner(kind: str, unit: str) -> Experiment:
    """Four arms on the banner."""
    actions = {"welcome": "welcome", "specials": "weekly_specials", "produce": "produce", "meat": "meat"}
    arms = {name: {"action": action, "is_plain": name == "welcome"} for name, action in actions.items()}
    return Experiment.model_validate(
        {
            "name": f"{kind}_{unit}",
            "hypothesis": "Measured.",
            "kind": kind,
            "placement": PLACEMENT,
            "unit": unit,
            "arms": arms,
            "owner": "benchmarks",
            "status": "running",
        }
    )


def versions(root: Path) -> dict[str, LiveSnapshot]:
    """The same snapshot without an experiment, with an A/B test on people, and with a bandit on visits."""
    found = {"no experiment": Learned()}
    for kind, unit in (("ab", "person"), ("bandit", "session")):
        one = banner(kind, unit)
        rows = [ArmRow(one.name, 1, -1, "any", arm, p, "t1") for arm, p in PUBLISHED.items()]
        found[f"{kind} by {unit}"] = learned_of([one], {one.key: 1.0}, {}, rows if kind == "bandit" else [])
    for number, learned in enumerate(found.values()):
        write_relearned(root, "bench", learned, version=f"v{number}", created_at=AS_OF)
    return {name: LiveSnapshot(SnapshotReader(root / f"v{number}")) for number, name in enumerate(found)}


def chi_square(live: LiveSnapshot, draws: int, seed: int) -> tuple[float, float]:
    """p-value of the counts of `draws` visits, and the largest difference of a share."""
    nobody = find_person(live.reader, ())
    base = situation(live, live.placements[PLACEMENT], nobody, Context(), AS_OF, None)
    counted = dict.fromkeys(PUBLISHED, 0)
    for number in range(draws):
        at = replace(base, context=Context(session_id=f"{seed}/{number}"))
        choice = from_trials(at)
        if choice is None or choice.enrolment is None or choice.propensity != PUBLISHED[str(choice.enrolment.arm)]:
            raise SystemExit(f"visit {number}: drawn outside of the experiment, or its propensity is not the published")
        counted[str(choice.enrolment.arm)] += 1
    seen, due = np.array(list(counted.values())), np.array(list(PUBLISHED.values())) * draws
    return float(stats.chisquare(seen, due).pvalue), float(np.abs(seen - due).max() / draws)


def decision_us(live: LiveSnapshot, people: Sequence[tuple[str, str]], turn: int) -> float:
    """CPU µs of a decision with its log line."""
    began = time.process_time()
    for number, pair in enumerate(people):
        context = Context(device_type="mobile", session_id=f"{turn}/{number}")
        person = find_person(live.reader, (pair,))
        decision = decide_for(live, person, Question(PLACEMENT, (pair,), request_id=f"{number}"), context, AS_OF)
        decision_line(decision, (pair,), context, AS_OF)
    return (time.process_time() - began) / len(people) * 1e6


def overlay_us(folder: Path, people: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """CPU µs of remembering a first draw, and of reading one."""
    draw = Remembered("specials", 0.25, "t1", "cookie/x", 1, row=PUBLISHED)
    folder.mkdir()
    with closing(Overlay(open_overlay(folder, 64), shipped_reducer())) as overlay:

        def put(pair: tuple[str, str]) -> None:
            overlay.assign(Whose((pair,)), "a/1", draw, lambda _: None)

        def get(pair: tuple[str, str]) -> None:
            overlay.assigned(Whose((pair,)), frozenset({"a/1"}), None)

        return _each(put, people), _each(get, people)


def _each(work: Callable[[tuple[str, str]], None], people: Sequence[tuple[str, str]]) -> float:
    began = time.process_time()
    for pair in people:
        work(pair)
    return (time.process_time() - began) / len(people) * 1e6


def rows(draws: int = DRAWS, seed: int = 1, turns: int = 9) -> list[Row]:
    """What was measured: name, value, target, and whether it is met where there is a target.

    Args:
        draws: visits that draw.
        seed: of their names.
        turns: that costs are the median of.
    """
    with tempfile.TemporaryDirectory() as scratch:
        paths = DataPaths(Path(scratch))
        build(paths, CUSTOMERS)
        key = identifier_key_bytes(paths)
        people = [("cookie", keyed_hash(key, "cookie", f"{n}@x.yz")) for n in range(CUSTOMERS)]
        lives = versions(paths.snapshots)
        costs = {name: [decision_us(live, people, 0)] for name, live in lives.items()}
        for turn in range(1, turns):
            for name, live in lives.items():
                costs[name].append(decision_us(live, people, turn))
        put, get = overlay_us(Path(scratch) / "overlay", people)
        p, off = chi_square(lives["bandit by session"], draws, seed)
    found: list[Row] = [
        (f"{draws:,} draws against the published row, χ² p", round(p, 3), "> 0.001", p > 0.001),
        ("largest difference of an arm's share", f"{off:.5f}", None, None),
    ]
    for name, taken in costs.items():
        found.append((f"decision with its log line, {name}, CPU µs", f"{statistics.median(taken):.0f}", None, None))
    found.append(("first draw remembered, CPU µs", f"{put:.0f}", None, None))
    return [*found, ("first draw read, CPU µs", f"{get:.0f}", None, None)]


def main() -> None:
    """Draw, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning_draws", description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int, default=9, help="turns that costs are the median of")
    given = parser.parse_args()
    for measure, value, target, _ in rows(given.draws, given.seed, given.turns):
        print(f"{measure}: {value}{f' (target {target})' if target else ''}")


if __name__ == "__main__":
    main()
