"""Off-policy evaluation against worlds whose true values are known: coverage of intervals, and catchers of faults.

Seeds of worlds and logs differ from those used while the code was written (worlds 0 to 9, logs below 100,000).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.offpolicy_worlds import (
    Log,
    World,
    candidate_policy,
    draws_of,
    logged_value,
    simulate,
    traffic_of,
    true_value,
    without_rows,
)
from ml.offpolicy import Draws, LoggedTraffic
from ml.offpolicy.estimators import terms_of, values_of
from ml.offpolicy.faults import propensity_faults
from ml.offpolicy.intervals import Spread, bootstrap, interval
from ml.offpolicy.reward_model import predicted_rewards

Row = tuple[str, str, str, bool | None]
LEAST, MOST = 0.93, 0.97
COVER = "93 to 97 %"
FIRST_SEED = 4_000_000
WORLDS = (
    World("sticky people, propensities change hourly", seed=101),
    World("a draw at each exposure", sticky=False, people=3_000, seed=102),
    World("margins of sigma 1.6", skew=1.6, seed=103),
    World("tastes do not add up, floor 10 %", additive=False, floor=0.1, seed=104),
    World("1,500 people, sigma 1.4", people=1_500, skew=1.4, seed=105),
    World("one row of probabilities, no heavy visitors", hourly=False, heavy=False, seed=106),
)
NAMES = ("IPS", "SNIPS", "DR", "DR less log")


def rows(logs: int = 500, faults: int = 20) -> list[Row]:
    """Measure, value, target and whether it is met, for the table of `make bench-learning`.

    Args:
        logs: simulated logs a world.
        faults: logs a fault and world.
    """
    return [*coverage(logs), *catching(faults)]


def coverage(logs: int) -> Iterator[Row]:
    """Share of 95 % intervals that hold the true value, by world and over all."""
    total = np.zeros(len(NAMES) + 1)
    for number, world in enumerate(WORLDS):
        hits = np.zeros(len(NAMES) + 1)
        for index in range(logs):
            hits += _held(world, FIRST_SEED + 10_000 * number + index, with_bootstrap=index % 5 == 0)
        total += hits
        share = hits[:-1] / logs
        told = ", ".join(f"{name} {value:.1%}" for name, value in zip(NAMES, share, strict=True))
        yield f"off-policy 95 % intervals cover, {world.name} ({logs} logs)", told, COVER, _cover(*share)
    of_all = total[:-1] / (logs * len(WORLDS))
    for name, value in zip(NAMES, of_all, strict=True):
        what = f"off-policy 95 % intervals cover, {name}, all {logs * len(WORLDS)} logs"
        yield what, f"{value:.1%}", COVER, _cover(value)
    resampled = total[-1] / (len(range(0, logs, 5)) * len(WORLDS))
    what = "the same, DR with people drawn anew (percentile bootstrap, a fifth of the logs)"
    yield what, f"{resampled:.1%}", "told", None


def _cover(*shares: float) -> bool:
    return all(LEAST <= share <= MOST for share in shares)


def _held(world: World, seed: int, *, with_bootstrap: bool) -> np.ndarray:
    policy = candidate_policy(world)
    log = simulate(world, seed)
    traffic = traffic_of(world, log, policy)
    terms = terms_of(traffic, predicted_rewards(traffic, seed))
    values, truth = values_of(traffic, terms), true_value(world, policy)
    less = truth - logged_value(world, log.table)
    told = [(values.ips, truth), (values.snips, truth), (values.dr, truth), (values.difference, less)]
    found = [_holds(spread, value) for spread, value in told]
    drawn = False
    if with_bootstrap:
        one = bootstrap(terms.robust, np.ones(len(traffic)), traffic.unit, seed, times=300)
        drawn = one.low <= truth <= one.high
    return np.array([*found, drawn], dtype=np.float64)


def _holds(spread: Spread, truth: float) -> bool:
    found = interval(spread)
    return found.low <= truth <= found.high


Faulty = Callable[[World, int], tuple[LoggedTraffic, Draws | None]]


def catching(logs: int) -> Iterator[Row]:
    """How often each fault is told, and how often sound logs are accused."""
    for name, make in FAULTS.items():
        caught = [bool(propensity_faults(*make(world, seed))) for world, seed in _cases(logs)]
        share = float(np.mean(caught))
        yield f"off-policy catches: {name} ({len(caught)} logs)", f"{share:.1%}", "at least 99 %", share >= 0.99
    for name, sound in SOUND.items():
        accused = [bool(propensity_faults(*sound(world, seed))) for world, seed in _cases(logs)]
        share = float(np.mean(accused))
        # One more than a hundredth of few logs tells nothing: a sound rate of 1 % brings that half of the time.
        most = max(0.01, 1 / len(accused))
        yield (
            f"off-policy accuses sound logs: {name} ({len(accused)} logs)",
            f"{share:.1%}",
            "at most 1 %",
            share <= most,
        )


def _cases(logs: int) -> Iterator[tuple[World, int]]:
    for number, world in enumerate(WORLDS):
        for index in range(logs):
            yield world, FIRST_SEED + 500_000 + 10_000 * number + index


def _made(world: World, seed: int) -> tuple[Log, LoggedTraffic]:
    log = simulate(world, seed)
    return log, traffic_of(world, log, candidate_policy(world))


def _sound(world: World, seed: int) -> tuple[LoggedTraffic, Draws | None]:
    log, traffic = _made(world, seed)
    return traffic, draws_of(log)


def _sound_without_rows(world: World, seed: int) -> tuple[LoggedTraffic, Draws | None]:
    return without_rows(_made(world, seed)[1]), None


def _scaled(world: World, seed: int) -> tuple[LoggedTraffic, Draws | None]:
    traffic = without_rows(_made(world, seed)[1])
    return replace(traffic, propensity=traffic.propensity * 0.8), None


def _one_action_scaled(world: World, seed: int) -> tuple[LoggedTraffic, Draws | None]:
    log, _ = _made(world, seed)
    claimed = log.rows * np.where(np.arange(world.actions) == 0, 0.7, 1.0)
    claimed /= claimed.sum(axis=1, keepdims=True)
    return traffic_of(world, log, candidate_policy(world), rows=claimed), None


def _marginal(world: World, seed: int, *, has_rows: bool) -> tuple[LoggedTraffic, Draws | None]:
    log, _ = _made(world, seed)
    shares = np.bincount(log.action, minlength=world.actions) / len(log.action)
    claimed = np.broadcast_to(shares, log.rows.shape).copy()
    traffic = traffic_of(world, log, candidate_policy(world), rows=claimed)
    return traffic if has_rows else without_rows(traffic), None


def _same_hash(world: World, seed: int) -> tuple[LoggedTraffic, Draws | None]:
    log = simulate(world, seed, same_hash=True)
    return traffic_of(world, log, candidate_policy(world)), draws_of(log)


def _shared_salt(world: World, seed: int) -> tuple[LoggedTraffic, Draws | None]:
    log, traffic = _made(replace(world, sticky=True), seed)
    one, other = draws_of(log), draws_of(log, "two")
    parts = [np.concatenate(pair) for pair in zip(_columns(one), _columns(other), strict=True)]
    return traffic, Draws(*parts)


def _columns(draws: Draws) -> list[np.ndarray]:
    return [draws.stream, draws.unit, draws.u, draws.within, draws.action, draws.outcome]


FAULTS: dict[str, Faulty] = {
    "propensities off by a constant (x 0.8), no rows": _scaled,
    "one action's propensities too small (x 0.7), rows add up to 1": _one_action_scaled,
    "marginal shares as propensities, whole rows": lambda world, seed: _marginal(world, seed, has_rows=True),
    "marginal shares as propensities, no rows": lambda world, seed: _marginal(world, seed, has_rows=False),
    "outcome and assignment from one hash": _same_hash,
    "two experiments with one salt": _shared_salt,
}
SOUND: dict[str, Faulty] = {"whole rows and draws": _sound, "propensities alone": _sound_without_rows}


def main() -> int:
    """Print the table; `python -m benchmarks.learning_offpolicy [LOGS [FAULTS]]`."""
    sizes = [int(text) for text in sys.argv[1:3]]
    began = time.process_time()
    missed = 0
    for measure, value, target, is_met in rows(*sizes):
        print(f"| {measure} | {value} | {target} | {({True: 'yes', False: 'NO', None: ''})[is_met]} |")
        missed += is_met is False
    print(f"{time.process_time() - began:.0f} CPU s, {os.cpu_count()} cores")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
