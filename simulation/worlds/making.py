"""Worlds drawn from a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from simulation.worlds.world import World

Floats = npt.NDArray[np.float64]

# How strongly arms, arms by segment, arms by context and arms by cell differ (standard deviations of the logarithm).
ADDITIVE = (0.15, 0.20, 0.20, 0.0)
NON_ADDITIVE = (0.15, 0.12, 0.12, 0.20)


def response_world(
    seed: int,
    effects: tuple[float, float, float, float] = ADDITIVE,
    segments: int = 5,
    contexts: int = 3,
    arms: int = 5,
    hourly: float = 3000.0,
) -> World:
    """A shop whose segments and contexts answer to arms in their own way.

    Conversion is 1 to 8 % by cell. One arm gives nothing away; the others cost up to a sixth of what an order
    brings, and what an order brings differs by arm by a few per cent.

    Args:
        effects: see `ADDITIVE`; the last is what no sum of segment and context explains.
        hourly: impressions of an average hour, over all cells.
    """
    draw = np.random.default_rng([seed, 1])
    cells = segments * contexts
    base = np.log(0.03) + 0.4 * draw.standard_normal((segments, contexts, 1))
    share = draw.dirichlet(np.full(cells, 3.0))
    margin = 25.0 * np.exp(0.25 * draw.standard_normal((segments, contexts, 1)))
    margin = margin * np.exp(0.05 * draw.standard_normal((1, 1, arms)))
    cost = np.concatenate([[0.0], draw.uniform(0.0, 4.0, arms - 1)])
    conversion = np.exp(base + _response(draw, effects, (segments, contexts, arms)))
    return World(
        segments=segments,
        traffic=hourly * share,
        conversion=np.clip(conversion, 0.001, 0.5).reshape(1, cells, arms),
        margin=margin.reshape(cells, arms),
        cost=cost,
        lifetime=np.zeros((cells, arms)),
    )


def with_new_taste(world: World, seed: int, hour: int, effects: tuple[float, float, float, float] = ADDITIVE) -> World:
    """The same shop, in which everybody's answer to the arms is drawn anew at an hour; how often they buy stays."""
    draw = np.random.default_rng([seed, 2])
    cells, arms = world.conversion.shape[1:]
    before = world.conversion[0]
    usual = np.exp(np.log(before).mean(axis=1, keepdims=True))
    answer = _response(draw, effects, (world.segments, cells // world.segments, arms)).reshape(cells, arms)
    after = np.clip(usual * np.exp(answer - answer.mean(axis=1, keepdims=True)), 0.001, 0.5)
    return replace(world, conversion=np.stack([before, after]), period_starts=(0, hour))


def four_arm_shop(seed: int, hourly: float = 800.0) -> World:
    """One cell, four arms: 3.0 % conversion and three arms up to a quarter better or worse; margin alike."""
    draw = np.random.default_rng([seed, 3])
    lift = np.concatenate([[0.0], draw.uniform(-0.25, 0.25, 3)])
    return World(
        segments=1,
        traffic=np.array([hourly]),
        conversion=(0.03 * (1.0 + lift)).reshape(1, 1, 4),
        margin=np.full((1, 4), 25.0),
        cost=np.zeros(4),
        lifetime=np.zeros((1, 4)),
    )


def fatigue_world(seed: int, hourly: float = 2000.0) -> World:
    """What sells best today tires people: the louder an arm, the more it converts and the more lifetime value it takes.

    Over arms, margin an impression rises by less than lifetime value falls, so the loudest arm is the worst in the end.
    """
    world = response_world(seed, (0.0, 0.08, 0.08, 0.0), segments=4, contexts=2, arms=4, hourly=hourly)
    loud = np.linspace(0.0, 1.0, 4)
    conversion = world.conversion * (1.0 + 0.35 * loud)
    earned = (world.conversion[0] * (world.margin - world.cost)).mean()
    lifetime = -earned * 0.8 * loud**2 * np.ones((world.cells, 1))
    return replace(world, conversion=conversion, lifetime=lifetime, cost=np.zeros(4))


def _response(
    draw: np.random.Generator, effects: tuple[float, float, float, float], shape: tuple[int, int, int]
) -> Floats:
    """Logarithm of what arms do to conversion, shape (segments, contexts, arms)."""
    segments, contexts, arms = shape
    main, by_segment, by_context, by_cell = effects
    return np.asarray(
        main * draw.standard_normal((1, 1, arms))
        + by_segment * draw.standard_normal((segments, 1, arms))
        + by_context * draw.standard_normal((1, contexts, arms))
        + by_cell * draw.standard_normal((segments, contexts, arms)),
        dtype=np.float64,
    )
