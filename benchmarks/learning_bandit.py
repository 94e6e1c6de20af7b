"""How much of an oracle's margin the learner keeps, in worlds whose truth is known.

Seeds 0 to 9 were used while the learner was written; the measures are taken on `FIRST_SEED` and those after it.
Parts: exact, still, rival, taste, shop, fatigue. `python -m benchmarks.learning_bandit --every 3 --seeds 1 still taste`
renews shares every third hour only, which a learner can but lose by, and plays one seed a part.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from ml.bandit import BanditSettings, allocate, probability_best_beta, with_floor
from serving.draw import uniform
from simulation.worlds.ledger import EXPERIMENT, VERSION
from simulation.worlds.making import (
    ADDITIVE,
    NON_ADDITIVE,
    fatigue_world,
    four_arm_shop,
    response_world,
    with_new_taste,
)
from simulation.worlds.player import Played, Policy, play
from simulation.worlds.world import World

FIRST_SEED = 100
WORLDS = {"additive": ADDITIVE, "non-additive": NON_ADDITIVE}
DAY = 24
Floats = npt.NDArray[np.float64]


class Measure(NamedTuple):
    """One row of the table; `is_met` is None where there is nothing to meet."""

    measure: str
    value: str
    target: str
    is_met: bool | None


def learner(world: World, settings: BanditSettings) -> Policy:
    """The hourly learner as the pipeline runs it: rows in, shares of every cell out."""
    contexts = world.cells // world.segments
    keys = {"experiment": EXPERIMENT, "experiment_version": VERSION}
    arms = pd.DataFrame({"arm": world.arms}).assign(**keys)
    number = np.arange(world.cells)
    cells = pd.DataFrame(
        {"segment_id": number // contexts, "context_bucket": [f"context_{each % contexts}" for each in number]}
    ).assign(**keys)

    def shares(stats: pd.DataFrame, delay: pd.DataFrame, as_of: datetime) -> Floats:
        rows = allocate(stats, delay, arms, settings, as_of, cells)
        everybody = (rows["segment_id"] == -1) & (rows["context_bucket"] == "any")
        return rows.loc[~everybody, "probability"].to_numpy(dtype=np.float64).reshape(world.cells, len(world.arms))

    return shares


def still(seeds: Sequence[int], every: int) -> Iterator[Measure]:
    """Shares of the oracle in worlds that do not change, and what it costs to watch for changes all the same."""
    watched: list[float] = []
    for name, effects in WORLDS.items():
        watched = [_share(seed, effects, BanditSettings(), every) for seed in seeds]
        mean, text = _mean(watched)
        yield Measure(f"share of the oracle's margin, {name}", text, ">= 0.91", mean >= 0.91)
    blind = [_share(seed, NON_ADDITIVE, BanditSettings(detect_changes=False), every) for seed in seeds]
    loss, text = _mean([100 * (b - w) for b, w in zip(blind, watched, strict=True)])
    yield Measure("what watching for changes costs where there are none, points", text, "<= 0.5", loss <= 0.5)


def rival(seeds: Sequence[int], every: int) -> Iterator[Measure]:
    """The same traffic for Vowpal Wabbit, which is told every reward at once and has no floor to keep."""
    try:
        from benchmarks.learning_rival import vowpal_wabbit
    except ImportError:
        yield Measure("against Vowpal Wabbit", "not installed: pip install -e '.[bench]'", ">= 1.03", None)
        return
    for name, effects in reversed(WORLDS.items()):
        ours = [_share(seed, effects, BanditSettings(), every) for seed in seeds]
        theirs = [vowpal_wabbit(response_world(seed, effects, hourly=1000.0), seed, 14 * DAY) for seed in seeds]
        ratio = float(np.mean(ours) / np.mean(theirs))
        value = f"{ratio:.3f} x ({np.mean(ours):.3f} and {np.mean(theirs):.3f} of the oracle, {len(seeds)} seeds)"
        yield Measure(f"against Vowpal Wabbit, {name}", value, ">= 1.03", ratio >= 1.03)


def taste(seeds: Sequence[int], every: int) -> Iterator[Measure]:
    """Second half of twenty days in which tastes change in the middle."""
    shares = []
    for seed in seeds:
        world = with_new_taste(response_world(seed, hourly=3000.0), seed, 10 * DAY)
        shares.append(_played(world, seed, 20, BanditSettings(), every).share(10 * DAY))
    mean, text = _mean(shares)
    yield Measure("second half after a change of taste", text, ">= 0.87", mean >= 0.87)
    unwatched = _played(world, seed, 20, BanditSettings(detect_changes=False), every).share(10 * DAY)
    yield Measure("the same without watching for changes, last seed", f"{unwatched:.3f}", "", None)


def shop(seeds: Sequence[int], every: int) -> Iterator[Measure]:
    """Regret in four weeks of a shop with four arms, over that of an even split."""
    for floor, most in ((0.10, 0.18), (0.0, 0.09)):
        given, split = np.zeros(len(seeds)), np.zeros(len(seeds))
        for number, seed in enumerate(seeds):
            world = four_arm_shop(seed, hourly=2000.0)
            played = _played(world, seed, 28, BanditSettings(floor=floor), every)
            given[number] = (played.best - played.earned).sum()
            split[number] = (played.best - played.even).sum()
        ratio = given.sum() / split.sum()
        value = f"{100 * ratio:.1f} % ({', '.join(f'{100 * each:.1f}' for each in given / split)})"
        yield Measure(
            f"4-arm shop, 28 days: regret over a split's, floor {floor:.0%}", value, f"<= {most:.0%}", ratio <= most
        )


def fatigue(seeds: Sequence[int], every: int) -> Iterator[Measure]:
    """Margin plus change of lifetime value, learned from both and from margin alone, over the most margin there is."""
    gains = []
    for seed in seeds:
        world = fatigue_world(seed)
        totals = []
        for weights in ({"margin": 1.0}, {"margin": 1.0, "ltv_change": 1.0}):
            played = _played(world, seed, 7, BanditSettings(weights=weights), every)
            totals.append((played.earned + played.lifetime).sum() / played.best.sum())
        gains.append(totals[1] - totals[0])
    mean, text = _mean(gains)
    yield Measure("long view less short view in the fatigue world, of the most margin", text, "> 0", mean > 0)


def exact(_: Sequence[int], __: int) -> Iterator[Measure]:
    """Propensities against the closed form, and a million draws against published probabilities."""
    from scipy.special import betaln
    from scipy.stats import chisquare

    worst = 0.0
    for a, b, c, d in ((1, 1, 1, 1), (2, 8, 3, 7), (31, 971, 46, 956), (301, 9701, 346, 9656)):
        terms = np.arange(c)
        second = np.exp(betaln(a + terms, b + d) - np.log(d + terms) - betaln(1 + terms, d) - betaln(a, b)).sum()
        for floor in (0.0, 0.10):
            found = with_floor(probability_best_beta([a, c], [b, d]), floor)
            worst = max(worst, abs(float(found[1]) - (floor / 2 + (1 - floor) * second)))
    yield Measure(
        "propensities against the closed form, with and without floor", f"{worst:.1e}", "<= 1e-9", worst <= 1e-9
    )
    published = with_floor(probability_best_beta([31, 46, 40, 38], [971, 956, 960, 962]), 0.10)
    u = np.array([uniform(f"person-{number}", "world", "world/1") for number in range(1_000_000)])
    counts = np.bincount(np.searchsorted(np.cumsum(published)[:-1], u, side="right"), minlength=4)
    p_value = float(chisquare(counts, published * u.size).pvalue)
    yield Measure(
        "a million draws against published probabilities, chi-square p", f"{p_value:.3f}", "> 0.001", p_value > 0.001
    )


PARTS: dict[str, tuple[Callable[[Sequence[int], int], Iterator[Measure]], int]] = {
    "exact": (exact, 1),
    "still": (still, 2),
    "rival": (rival, 1),
    "taste": (taste, 2),
    "shop": (shop, 3),
    "fatigue": (fatigue, 2),
}


def measures(names: Sequence[str] = (), seeds: int | None = None, every: int = 1) -> Iterator[Measure]:
    """Rows of the wanted parts, or of all.

    Args:
        seeds: how many a part plays; None as many as its measure needs.
        every: hours between two tables of shares.
    """
    with threadpool_limits(1):
        for name in names or PARTS:
            part, count = PARTS[name]
            yield from part(range(FIRST_SEED, FIRST_SEED + (seeds or count)), every)


def _share(seed: int, effects: tuple[float, float, float, float], settings: BanditSettings, every: int) -> float:
    return _played(response_world(seed, effects, hourly=1000.0), seed, 14, settings, every).share()


def _played(world: World, seed: int, days: int, settings: BanditSettings, every: int) -> Played:
    return play(world, seed, days * DAY, learner(world, settings), every)


def _mean(values: Sequence[float]) -> tuple[float, str]:
    """Mean, and mean with standard error and number of seeds in words."""
    mean = float(np.mean(values))
    if len(values) == 1:
        return mean, f"{mean:.3f} (1 seed)"
    return mean, f"{mean:.3f} ± {float(np.std(values, ddof=1)) / sqrt(len(values)):.3f} ({len(values)} seeds)"


def main() -> None:
    """Print each measure as it is known."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning_bandit", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    for row in measures(given.parts, given.seeds, given.every):
        met = {True: "yes", False: "NO", None: ""}[row.is_met]
        print(" | ".join((row.measure, row.value, row.target, met)), flush=True)
    print(f"{time.process_time():.0f} CPU s")


if __name__ == "__main__":
    main()
