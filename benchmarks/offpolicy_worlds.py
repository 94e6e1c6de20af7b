"""Worlds with logs whose true policy values are known by enumeration: people, moments, actions, skewed margins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ml.offpolicy import Draws, LoggedTraffic

Floats = npt.NDArray[np.float64]
KINDS, LEVELS, HOURS = 5, 4, 48


@dataclass(frozen=True)
class World:
    """Chances and margins of K actions for people of five kinds at four levels of a feature.

    Attributes:
        people: how many are drawn.
        sticky: whether a person keeps the action and propensity of the first exposure.
        hourly: whether the row of probabilities changes every hour.
        skew: sigma of log margins.
        floor: least probability of an action is floor / K.
        heavy: whether people who buy more also come more often.
    """

    name: str
    people: int = 4_000
    actions: int = 4
    sticky: bool = True
    hourly: bool = True
    skew: float = 1.0
    floor: float = 0.2
    visits: float = 3.0
    heavy: bool = True
    seed: int = 0
    additive: bool = True
    chance: Floats = field(init=False)
    margin: Floats = field(init=False)

    def __post_init__(self) -> None:
        random = np.random.default_rng([self.seed, 7])
        shape = KINDS, LEVELS, self.actions
        base = 0.08 + 0.10 * random.random((KINDS, 1, 1)) + 0.05 * random.random((1, LEVELS, 1))
        tastes = 0.10 * random.random((KINDS, 1, self.actions))
        if not self.additive:
            tastes = 0.20 * random.random(shape) * (random.random(shape) < 0.4)
        object.__setattr__(self, "chance", np.broadcast_to(base + tastes, shape).copy())
        object.__setattr__(self, "margin", 4.0 + 8.0 * random.random((1, 1, self.actions)) + np.zeros(shape))

    @property
    def worth(self) -> Floats:
        """Expected margin of an exposure, shape (KINDS, LEVELS, K)."""
        return self.chance * self.margin

    def visits_of(self, eager: Floats) -> Floats:
        """Expected exposures of people of an eagerness (mean 1), beyond the first."""
        return self.visits * (eager if self.heavy else np.ones_like(eager))


EAGER = np.array([0.4, 1.0, 1.6])


def true_value(world: World, policy: Floats) -> float:
    """Expected margin per exposure under a policy of shape (KINDS, LEVELS, K), by enumeration.

    Kinds, levels and eagerness are equally likely; the level is drawn anew at each exposure.
    """
    per = (policy * world.worth).sum(axis=2).mean()
    exposures = 1.0 + world.visits_of(EAGER)
    return float((exposures * EAGER).mean() * per / exposures.mean())


def candidate_policy(world: World, greed: float = 0.7) -> Floats:
    """Mostly the best action of the kind, the rest by chance."""
    best = np.eye(world.actions)[world.worth.mean(axis=1).argmax(axis=1)]
    policy = greed * best + (1.0 - greed) / world.actions
    return np.repeat(policy[:, None, :], LEVELS, axis=1)


def logging_rows(world: World, random: np.random.Generator) -> Floats:
    """Rows of probabilities by hour, kind and level: tilted at random, never below the floor."""
    hours = HOURS if world.hourly else 1
    tilt = random.normal(0.0, 1.2, (hours, KINDS, LEVELS, world.actions)).cumsum(axis=0) / np.sqrt(
        np.arange(1, hours + 1)
    ).reshape(-1, 1, 1, 1)
    share = np.exp(tilt)
    share /= share.sum(axis=3, keepdims=True)
    return world.floor / world.actions + (1.0 - world.floor) * share


@dataclass(frozen=True)
class Log:
    """A simulated log: contexts, draws and rewards, with the rows it was really drawn from."""

    unit: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    level: npt.NDArray[np.int64]
    hour: npt.NDArray[np.int64]
    u: Floats
    action: npt.NDArray[np.int64]
    rows: Floats
    reward: Floats
    table: Floats


def logged_value(world: World, table: Floats) -> float:
    """Expected margin per exposure of the policy that drew, by enumeration.

    Sticky people carry the row of their first hour and level through all their exposures.
    """
    first = (table * world.worth).sum(axis=3).mean()
    later = (table.mean(axis=(0, 2)) * world.worth.mean(axis=1)).sum(axis=1).mean() if world.sticky else first
    visits = world.visits_of(EAGER)
    return float((EAGER * (first + visits * later)).mean() / (1.0 + visits).mean())


def simulate(world: World, seed: int, *, same_hash: bool = False) -> Log:
    """A log of the world.

    Args:
        seed: of people, draws and rewards.
        same_hash: a person's outcomes hang on the number that assigned the action, as with a shared salt.
    """
    random = np.random.default_rng(seed)
    kind = random.integers(KINDS, size=world.people)
    eager = EAGER[random.integers(len(EAGER), size=world.people)]
    visits = 1 + random.poisson(world.visits_of(eager))
    unit = np.repeat(np.arange(world.people), visits)
    level, hour = random.integers(LEVELS, size=len(unit)), random.integers(HOURS, size=len(unit))
    table = logging_rows(world, random)
    u = random.random(world.people)[unit] if world.sticky else random.random(len(unit))
    own = np.flatnonzero(np.r_[True, np.diff(unit) > 0])[unit] if world.sticky else np.arange(len(unit))
    rows = table[hour[own] if world.hourly else 0, kind[unit], level[own]]
    action = np.minimum((u[:, None] >= rows.cumsum(axis=1)).sum(axis=1), world.actions - 1)
    chance = world.chance[kind[unit], level, action] * eager[unit]
    bought = (u if same_hash else random.random(len(unit))) < chance
    noise = random.lognormal(-(world.skew**2) / 2, world.skew, len(unit))
    reward = np.where(bought, world.margin[kind[unit], level, action] * noise, 0.0)
    return Log(unit, kind[unit], level, hour, u, action, rows, reward, table)


def traffic_of(world: World, log: Log, policy: Floats, *, rows: Floats | None = None) -> LoggedTraffic:
    """The log as an evaluation reads it; `rows` are the probabilities that it claims, its own by default."""
    claimed = log.rows if rows is None else rows
    n = len(log.unit)
    features = np.column_stack([np.eye(KINDS)[log.kind], np.eye(LEVELS)[log.level]])
    return LoggedTraffic(
        tuple(f"a{number}" for number in range(world.actions)),
        log.unit,
        log.action,
        log.reward,
        claimed[np.arange(n), log.action],
        policy[log.kind, log.level],
        features,
        claimed,
        np.ones((n, world.actions), dtype=bool),
        np.zeros(n, dtype=bool),
        {"kind": log.kind.astype(str), "level": log.level.astype(str), "hour": log.hour.astype(str)},
    )


def without_rows(traffic: LoggedTraffic) -> LoggedTraffic:
    """The same log where it tells only the propensity of what was shown."""
    return replace(traffic, logged=np.full(traffic.logged.shape, np.nan))


def draws_of(log: Log, name: str = "one", rows: Floats | None = None) -> Draws:
    """The numbers drawn, placed in the intervals of the rows that the log claims."""
    claimed = log.rows if rows is None else rows
    taken = np.arange(len(log.unit)), log.action
    share = claimed[taken]
    within = (log.u - (claimed.cumsum(axis=1)[taken] - share)) / share
    return Draws(np.full(len(log.unit), name), log.unit.astype(str), log.u, within, log.action, log.reward)
