"""Error rates, power and bias of the statistics of experiments, over simulated ones.

`python -m benchmarks.learning_statistics`; results are recorded in docs/benchmarks.md, section "Learning: statistics".
Seeds are those of `SEED`, which nothing was developed on.
"""

from __future__ import annotations

import time
from math import sqrt
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ml.experiments.bandit_readout import ArmReadout, readout
from ml.experiments.difference import compare
from ml.experiments.means import Mean
from ml.experiments.sample_ratio import Batch, over_batches, sequential
from ml.experiments.sequential import boundaries, look

SEED = 20_261_122
DAYS = 28
# Orders a day and arm by weekday, and a month that grows: information does not come evenly.
TRAFFIC = np.array([300, 280, 290, 310, 400, 620, 560] * 4) * np.linspace(0.8, 1.2, DAYS)
CONVERSION = 0.06
ARMS = 4
STRATA_MIX = np.array([0.6, 0.4])
RATES = np.array([[0.030, 0.033, 0.036, 0.027], [0.050, 0.045, 0.060, 0.050]])
ORDER_SHAPE, ORDER_SCALE = 2.0, 20.0

Row = tuple[str, float | str, str, bool | None]
FOR_COMPARISON = "for comparison"


class Looks(NamedTuple):
    """Statistics of many experiments at every daily look."""

    z: np.ndarray
    fractions: np.ndarray


def main() -> None:
    """Print each measure with its target."""
    print("| measure | value | target | met |\n|---|---|---|---|")
    for name, value, target, is_met in measures():
        met = {True: "yes", False: "NO", None: ""}[is_met]
        print(f"| {name} | {value if isinstance(value, str) else f'{value:.4f}'} | {target} | {met} |", flush=True)


def measures(runs: float = 1.0) -> list[Row]:
    """All measures as (name, value, target, whether it is met); `runs` scales the number of experiments."""
    started = time.process_time()
    random = np.random.default_rng(SEED)
    found = [
        *false_alarms(random, int(8_000 * runs)),
        *power(random, int(8_000 * runs)),
        *sample_ratio_size(random, int(2_400 * runs)),
        *bandit_bias(random, int(160 * runs)),
    ]
    return [*found, within("CPU seconds of these measures", time.process_time() - started, most=180)]


def within(name: str, value: float, *, least: float | None = None, most: float | None = None) -> Row:
    """A measure with its bounds, both of them allowed; without any it is there for comparison."""
    value = float(value)
    if least is None and most is None:
        return name, value, FOR_COMPARISON, None
    low, high = (-np.inf if least is None else least), (np.inf if most is None else most)
    target = f"<= {most:g}" if least is None else f">= {least:g}" if most is None else f"{least:g}-{most:g}"
    return name, value, target, bool(low <= value <= high)


def false_alarms(random: np.random.Generator, experiments: int) -> list[Row]:
    """A/A tests on heavy-tailed revenue, looked at every day for four weeks."""
    looks = daily_looks(random, experiments, 0.0)
    bounds = np.array(boundaries(list(looks.fractions)).bounds)
    crossed = (np.abs(looks.z) >= bounds).any(axis=1).mean()
    naive = (np.abs(looks.z) >= 1.96).any(axis=1).mean()
    error = sqrt(0.05 * 0.95 / experiments)
    return [
        within(
            f"A/A, {experiments:,} experiments, {DAYS} daily looks: share stopped at 5 % (error {error:.4f})",
            crossed,
            most=0.05,
        ),
        within("the same, each look as if it were the only one", naive),
    ]


def power(random: np.random.Generator, experiments: int) -> list[Row]:
    """Chance to find a lift that one fixed test finds four times in five."""
    spread = sqrt(_per_unit_variance() * 2 / TRAFFIC.sum())
    lift = (float(ndtri(0.975)) + float(ndtri(0.8))) * spread
    looks = daily_looks(random, experiments, lift)
    found = (looks.z >= np.array(boundaries(list(looks.fractions)).bounds)).any(axis=1).mean()
    fixed = (looks.z[:, -1] >= float(ndtri(0.975))).mean()
    return [within(f"power of {DAYS} daily looks over that of one fixed test ({fixed:.3f})", found / fixed, least=0.95)]


def daily_looks(random: np.random.Generator, experiments: int, lift: float) -> Looks:
    """Welch statistics by day; a few of them checked against `compare` and `look`.

    The lift is added to every unit, so that both arms keep their variance.
    """
    units = np.cumsum(TRAFFIC.astype(int))
    sums = [_revenue_sums(random, experiments) for _ in range(2)]
    (n, a, aa), (_, b, bb) = ((units, total, squares) for total, squares in sums)
    bb, b = bb + 2 * lift * b + lift**2 * units, b + lift * units
    variance = ((aa - a**2 / n) + (bb - b**2 / n)) / (n - 1) / n
    z = (b - a) / n / np.sqrt(variance)
    fractions = units / units[-1]
    for at in range(5):
        day = 3 + 6 * at % DAYS
        arms = [Mean(int(n[day]), float(t[at, day]), float(s[at, day])) for t, s in ((a, aa), (b, bb))]
        found = look(compare(*arms, variance="normal").absolute, list(fractions[: day + 1]))
        assert abs(found.z - z[at, day]) < 1e-6
    return Looks(z, fractions)


def _revenue_sums(random: np.random.Generator, experiments: int) -> tuple[np.ndarray, np.ndarray]:
    """Cumulated sums and sums of squares of revenue by day: few units buy, amounts are lognormal."""
    orders = random.binomial(TRAFFIC.astype(int), CONVERSION, (experiments, DAYS))
    total, squares = np.zeros(orders.shape), np.zeros(orders.shape)
    for part in np.array_split(np.arange(experiments), max(1, experiments // 1000)):
        counts = orders[part].ravel()
        amounts = np.exp(random.standard_normal(int(counts.sum()), dtype=np.float32) + 3).astype(np.float64)
        where = np.repeat(np.arange(len(counts)), counts)
        shape = (len(part), DAYS)
        total[part] = np.bincount(where, amounts, len(counts)).reshape(shape)
        squares[part] = np.bincount(where, amounts**2, len(counts)).reshape(shape)
    return np.cumsum(total, axis=1), np.cumsum(squares, axis=1)


def _per_unit_variance() -> float:
    mean, square = float(np.exp(3.5)), float(np.exp(8.0))
    return CONVERSION * square - (CONVERSION * mean) ** 2


def sample_ratio_size(random: np.random.Generator, experiments: int) -> list[Row]:
    """Rejections at 5 % of right assignments whose weights change every day, as a ramp or a bandit changes them."""
    rows: list[Row] = []
    for name, is_adaptive in (("drawn anew", False), ("following what came before", True)):
        p = np.array([over_batches(weighted_days(random, is_adaptive)).p_value for _ in range(experiments)])
        told = f"sample-ratio test at 5 %, daily weights {name}, {experiments:,} times"
        rows.append(within(told, (p < 0.05).mean(), least=0.04, most=0.06))
    anytime = [sequential(weighted_days(random, True)).p_value < 0.05 for _ in range(experiments // 3)]
    missed = [sequential(weighted_days(random, True, 0.9)).p_value < 0.001 for _ in range(experiments // 30)]
    return [
        *rows,
        within("sequential sample-ratio test looked at daily, at 5 %", float(np.mean(anytime)), most=0.05),
        within("sequential: one arm losing a tenth of its units found at 0.001", float(np.mean(missed))),
    ]


def weighted_days(random: np.random.Generator, is_adaptive: bool, kept: float = 1.0) -> list[Batch]:
    """Four weeks of four arms; `kept` is the share of the first arm's units that are not lost."""
    days, weights, names = [], np.array([0.7, 0.1, 0.1, 0.1]), ("a", "b", "c", "d")
    for day in range(DAYS):
        real = weights * np.array([kept, 1.0, 1.0, 1.0])
        counts = random.multinomial(random.poisson(TRAFFIC[day]), real / real.sum())
        days.append(
            Batch(dict(zip(names, counts.tolist(), strict=True)), dict(zip(names, weights.tolist(), strict=True)))
        )
        concentration = counts / 30 + 0.3 if is_adaptive else np.array([4.0, 1.0, 1.0, 0.5])
        weights = 0.1 / ARMS + 0.9 * random.dirichlet(concentration)
    return days


def bandit_bias(random: np.random.Generator, experiments: int) -> list[Row]:
    """Lifts of arms drawn by Thompson sampling in two segments, with a floor of 10 %, four batches a day."""
    truth = STRATA_MIX @ RATES * ORDER_SHAPE * ORDER_SCALE
    lifts, naive, covered = [], [], []
    for _ in range(experiments):
        found = readout(_thompson(random), plain="arm 0")
        arms = [found[f"arm {at}"] for at in range(1, ARMS)]
        lifts.append([_relative(arm) for arm in arms])
        base = found["arm 0"].naive or 1.0
        naive.append([(arm.naive or 0.0) / base - 1 for arm in arms])
        covered.append([_covers(arm, gap) for arm, gap in zip(arms, truth[1:] - truth[0], strict=True)])
    true = truth[1:] / truth[0] - 1
    bias, plain = (np.abs(np.mean(values, axis=0) - true) for values in (lifts, naive))
    error = np.std(lifts, axis=0) / sqrt(experiments)
    worst = int(np.argmax(bias))
    return [
        within(
            f"bandit lift, largest bias of {ARMS - 1} arms, {experiments} experiments (error {error[worst]:.4f})",
            bias[worst],
            most=0.015,
        ),
        within("the same from plain means of the draws", plain.max()),
        within("bandit lift, 95 % intervals that cover, over all arms", float(np.mean(covered)), least=0.93, most=0.97),
    ]


def _relative(arm: ArmReadout) -> float:
    assert arm.relative is not None
    return arm.relative.estimate


def _covers(arm: ArmReadout, truth: float) -> bool:
    assert arm.absolute is not None
    return arm.absolute.interval.low <= truth <= arm.absolute.interval.high


def _thompson(random: np.random.Generator, batches: int = 4 * DAYS, units: int = 2_000) -> pd.DataFrame:
    """Draws of one experiment: probabilities of each batch from those before it."""
    won, tried = np.zeros(RATES.shape), np.zeros(RATES.shape)
    p, parts = np.full(RATES.shape, 1 / ARMS), []
    for _ in range(batches):
        n = random.multinomial(random.multinomial(units, STRATA_MIX), p)
        orders = random.binomial(n, RATES)
        parts.append((p, n, *_amounts(random, orders)))
        won, tried = won + orders, tried + n
        best = random.beta(1 + won, 1 + tried - won, (200, *RATES.shape)).argmax(axis=-1)
        p = 0.1 / ARMS + 0.9 * np.stack([(best == arm).mean(axis=0) for arm in range(ARMS)], axis=-1)
    columns = [np.stack([part[at] for part in parts]).ravel() for at in range(4)]
    batch, stratum, arm = (axis.ravel() for axis in np.indices((batches, *RATES.shape)))
    names = np.array([f"arm {at}" for at in range(ARMS)])[arm]
    values = dict(zip(("propensity", "n", "total", "squares"), columns, strict=True))
    return pd.DataFrame({"stratum": stratum, "batch": batch, "arm": names, **values})


def _amounts(random: np.random.Generator, orders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    counts = orders.ravel()
    amounts = random.gamma(ORDER_SHAPE, ORDER_SCALE, int(counts.sum()))
    where = np.repeat(np.arange(len(counts)), counts)
    sums = (np.bincount(where, values, len(counts)).reshape(orders.shape) for values in (amounts, amounts**2))
    total, squares = sums
    return total, squares


if __name__ == "__main__":
    main()
