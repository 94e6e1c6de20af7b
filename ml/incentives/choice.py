"""Which learner tells customers apart best, judged by Qini over repeated splits, and whether any does beyond noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.incentives.heterogeneity import Calibration, calibrate, pooled, robust_scores
from ml.incentives.learners import CONVERSION, LEARNERS, MARGIN, TARGETS, CrossedEffects, TreeOutcomes, outcome_of
from ml.incentives.qini import auuc, qini
from ml.incentives.trial import Trial

Floats = npt.NDArray[np.float64]
# Judged on halves, since an effect needs as many rows to be seen as to be learned; four halvings settle two digits.
REPEATS: Final = 4
MOST_CUSTOMERS: Final = 100_000
# Split over learners and incentives: of twenty shops whose customers all answer alike, one is told otherwise.
FALSE_FINDINGS: Final = 0.05
RESPONSE, TREAT_ALL = "response_model", "treat_all"


@dataclass(frozen=True)
class Choice:
    """What repeated splits said.

    Attributes:
        learner: the best by Qini of margin.
        calibrations: target → one entry an incentive, flat where no difference was found.
        found: target → for each incentive whether customers answer differently beyond noise.
        by_customer: whether to choose for each customer, or one treatment for all.
        metrics: competitor → figures.
        reason: one sentence.
    """

    learner: str
    calibrations: Mapping[str, list[Calibration]]
    found: Mapping[str, list[bool]]
    by_customer: bool
    metrics: Mapping[str, Mapping[str, float]]
    reason: str


@dataclass(frozen=True)
class HeldOut:
    """One repeat: predictions of every row by models that did not see its customer."""

    effects: Mapping[str, Mapping[str, Floats]]
    expected: Mapping[str, Floats]


def choose(trial: Trial, seed: int, repeats: int = REPEATS) -> Choice:
    """Judge every learner, the response model and treating all."""
    sample = sampled(trial, MOST_CUSTOMERS)
    splits = [_held_out(sample, seed + repeat) for repeat in range(repeats)]
    figures = [_figures(sample, repeat) for repeat in splits]
    metrics = {name: _averaged([one[name] for one in figures]) for name in figures[0]}
    best = max(LEARNERS, key=lambda name: metrics[name]["qini"])
    raw = {target: _calibrated(sample, splits, best, target) for target in TARGETS}
    level = FALSE_FINDINGS / (len(LEARNERS) * (len(sample.arms) - 1))
    found = {target: [one.p_value <= level for one in raw[target]] for target in TARGETS}
    calibrations = {
        target: [one if real else one.flat() for one, real in zip(raw[target], found[target], strict=True)]
        for target in TARGETS
    }
    chosen = [_chosen_gain(sample, held, best, calibrations[MARGIN]) for held in splits]
    metrics[best]["chosen_gain"] = float(np.mean(chosen))
    by_customer, reason = _verdict(best, metrics, found[MARGIN], raw[MARGIN], level)
    return Choice(best, calibrations, found, by_customer, metrics, reason)


def sampled(trial: Trial, most: int) -> Trial:
    """All rows of every n-th customer, so that at most `most` customers are left."""
    people = int(trial.customer.max()) + 1
    step = -(-people // most)
    return trial if step == 1 else trial.rows(trial.customer % step == 0)


def _held_out(trial: Trial, seed: int) -> HeldOut:
    half = np.random.default_rng(seed).integers(0, 2, int(trial.customer.max()) + 1)[trial.customer]
    shape = (len(trial), len(trial.arms))
    expected = {target: np.zeros(shape) for target in TARGETS}
    effects = {name: {target: np.zeros((shape[0], shape[1] - 1)) for target in TARGETS} for name in LEARNERS}
    for side in (0, 1):
        held, rest = half == side, trial.rows(half != side)
        for target in TARGETS:
            trees = TreeOutcomes.fit(rest, target, seed)
            expected[target][held] = trees.outcomes(trial.matrix[held])
            for name, fit in LEARNERS.items():
                model = _reused(name, trees, rest, target, seed) or fit(rest, target, seed)
                effects[name][target][held] = model.effects(trial.matrix[held])
    return HeldOut(effects, expected)


def _reused(
    name: str, trees: TreeOutcomes, rest: Trial, target: str, seed: int
) -> TreeOutcomes | CrossedEffects | None:
    """The trees of both learners are the same first stage: fitted once."""
    if LEARNERS[name] == TreeOutcomes.fit:
        return trees
    return CrossedEffects.fit(rest, target, seed, trees) if LEARNERS[name] == CrossedEffects.fit else None


def _figures(trial: Trial, held: HeldOut) -> dict[str, dict[str, float]]:
    """One repeat's figures by competitor; `gain` is margin per offer over the plain arm, by raw predictions."""
    scores = robust_scores(trial, trial.margin, held.expected[MARGIN])
    usual = held.expected[MARGIN].mean(axis=1)
    found = {name: _ranked(trial, held.effects[name][MARGIN], usual) for name in LEARNERS}
    for name in LEARNERS:
        guess = held.effects[name]
        converted = _ranked(trial, guess[CONVERSION], held.expected[CONVERSION].mean(axis=1), CONVERSION)
        found[name] |= {"conversion_qini": converted["qini"], "gain": _gain(scores, guess[MARGIN])}
    everybody = np.repeat(usual[:, None], len(trial.arms) - 1, axis=1)
    found[RESPONSE] = _ranked(trial, everybody, usual)
    found[TREAT_ALL] = {"qini": 0.0, "gain": max(0.0, float(scores.mean(axis=0).max()))}
    return found


def _ranked(trial: Trial, effects: Floats, usual: Floats, target: str = MARGIN) -> dict[str, float]:
    """Qini and AUUC averaged over incentives, of outcomes less what was to be expected anyway."""
    outcome, areas = outcome_of(trial, target) - usual, []
    for arm in range(1, len(trial.arms)):
        pair = (trial.arm == 0) | (trial.arm == arm)
        columns = (outcome[pair], trial.arm[pair] == arm, effects[pair, arm - 1], trial.weight[pair])
        areas.append((qini(*columns), auuc(*columns)))
    return {"qini": float(np.mean([area[0] for area in areas])), "auuc": float(np.mean([area[1] for area in areas]))}


def _chosen_gain(trial: Trial, held: HeldOut, learner: str, calibrations: list[Calibration]) -> float:
    """Gain of what would be given: calibrated effects of the incentives that may be offered."""
    predicted = held.effects[learner][MARGIN]
    distance = predicted - predicted.mean(axis=0)
    effects = [
        one.effect(distance[:, arm]) if one.may_be_offered else np.full(len(distance), -np.inf)
        for arm, one in enumerate(calibrations)
    ]
    return _gain(robust_scores(trial, trial.margin, held.expected[MARGIN]), np.column_stack(effects))


def _gain(scores: Floats, effects: Floats) -> float:
    """Margin per offer over the plain arm, when each row gets the incentive with the best prediction, if above 0."""
    best = effects.argmax(axis=1)
    rows = np.arange(len(best))
    return float(np.where(effects[rows, best] > 0, scores[rows, best], 0.0).mean())


def _averaged(figures: list[dict[str, float]]) -> dict[str, float]:
    means = {name: float(np.mean([one[name] for one in figures])) for name in figures[0]}
    return means | {"qini_spread": float(np.std([one["qini"] for one in figures]))}


def _calibrated(trial: Trial, repeats: list[HeldOut], learner: str, target: str) -> list[Calibration]:
    outcome, found = outcome_of(trial, target), []
    scores = [robust_scores(trial, outcome, held.expected[target]) for held in repeats]
    for arm in range(len(trial.arms) - 1):
        each = [
            calibrate(score[:, arm], held.effects[learner][target][:, arm], trial.customer)
            for score, held in zip(scores, repeats, strict=True)
        ]
        found.append(pooled(each))
    return found


def _verdict(
    best: str, metrics: Mapping[str, Mapping[str, float]], found: list[bool], raw: list[Calibration], level: float
) -> tuple[bool, str]:
    least = min(one.p_value for one in raw)
    area, rival = metrics[best]["qini"], metrics[RESPONSE]["qini"]
    if not any(found):
        return False, (
            f"no kind of customer was found to answer differently beyond noise (least p {least:.3g}, bound {level:.3g})"
        )
    if area <= max(rival, 0.0):
        return False, f"{best} ranks no better (Qini {area:.4f}) than the response model ({rival:.4f}) or no order (0)"
    gain, all_gain = metrics[best]["chosen_gain"], metrics[TREAT_ALL]["gain"]
    if gain <= all_gain:
        return False, f"choosing for each customer earns {gain:.3f} an offer, one treatment for all {all_gain:.3f}"
    return True, (
        f"customers answer differently (least p {least:.2g}, bound {level:.3g}): {best}, Qini {area:.4f} against "
        f"{rival:.4f} of the response model; {gain:.3f} an offer against {all_gain:.3f} of one treatment for all"
    )
