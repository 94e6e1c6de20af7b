"""Partial pooling: what arms do everywhere, in a segment, in a context and in one cell, as far as the data tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml.bandit.layout import Layout

Floats = npt.NDArray[np.float64]

# How many imagined effects of the prior's size stand beside those of the data; keeps four arms from a spread of zero.
PRIOR_EFFECTS = 2.0


@dataclass(frozen=True)
class Spread:
    """Variances of the effects: of each shared group, shape (groups,), and of an arm in a cell of its own."""

    shared: Floats
    own: float

    @classmethod
    def start(cls, units: Layout, scale: float) -> Spread:
        """Every group spread by `scale` (a standard deviation)."""
        return cls(np.full(units.groups, scale**2), scale**2)


@dataclass(frozen=True)
class Posterior:
    """Normal posterior of U units: shared effects, and what a unit has of its own given these.

    Attributes:
        units: the grid.
        shared: mean of the shared effects, shape (P,).
        covariance: theirs, shape (P, P).
        spread: empirical-Bayes variances used.
        target: what was observed of each unit, shape (U,).
        precision: one over its sampling variance, zero where nothing was observed, shape (U,).
    """

    units: Layout
    shared: Floats
    covariance: Floats
    spread: Spread
    target: Floats
    precision: Floats

    @property
    def trust(self) -> Floats:
        """How far a unit is believed against its shared effects, 0 to 1, shape (U,)."""
        weight = self.spread.own * self.precision
        return np.asarray(weight / (1.0 + weight), dtype=np.float64)

    @property
    def mean(self) -> Floats:
        """Posterior mean of each unit, shape (U,)."""
        expected = self.units.design @ self.shared
        return np.asarray(expected + self.trust * (self.target - expected), dtype=np.float64)

    def draws(self, count: int, generator: np.random.Generator) -> Floats:
        """Draws of all units together, shape (count, U)."""
        doubt = 1.0 - self.trust
        design = self.units.design * doubt[:, None]
        spread = design @ self.covariance @ design.T + np.diag(self.spread.own * doubt)
        noise = generator.standard_normal((count, self.target.size)) @ _root(spread).T
        return np.asarray(self.mean + noise, dtype=np.float64)


def solve(units: Layout, target: Floats, precision: Floats, spread: Spread, prior_mean: float) -> Posterior:
    """Posterior at given variances; the intercept has a prior as wide as all others together times a hundred."""
    known = precision / (1.0 + spread.own * precision)
    weighted = units.design * known[:, None]
    widest = 100.0 * (spread.shared.sum() + spread.own)
    prior = 1.0 / np.append(spread.shared, widest)[units.blocks]
    gram = units.design.T @ weighted + np.diag(prior)
    covariance = np.linalg.inv(gram)
    covariance = (covariance + covariance.T) / 2
    pull = np.where(units.blocks < 0, prior * prior_mean, 0.0)
    shared = covariance @ (weighted.T @ target + pull)
    return Posterior(units, shared, covariance, spread, target, precision)


def respread(found: Posterior, scale: float) -> Spread:
    """One step of expectation-maximisation for the variances (Dempster, Laird and Rubin 1977), with a weak prior."""
    second = found.shared**2 + np.diag(found.covariance)
    shared = np.array([_pooled(second[found.units.blocks == group], scale) for group in range(found.units.groups)])
    seen = found.precision > 0
    if not seen.any():
        return replace(found.spread, shared=shared)
    design, trust = found.units.design[seen], found.trust[seen]
    residual = trust * (found.target[seen] - design @ found.shared)
    uncertain = trust**2 * ((design @ found.covariance) * design).sum(axis=1)
    own = residual**2 + uncertain + found.spread.own * (1.0 - trust)
    return Spread(shared, _pooled(own, scale))


def _pooled(second: Floats, scale: float) -> float:
    return float((second.sum() + PRIOR_EFFECTS * scale**2) / (second.size + PRIOR_EFFECTS))


def _root(covariance: Floats) -> Floats:
    """A square root that exists though rounding made the matrix not quite positive."""
    jitter = np.diag(covariance).mean() * 1e-10
    return np.asarray(np.linalg.cholesky(covariance + jitter * np.eye(len(covariance))), dtype=np.float64)
