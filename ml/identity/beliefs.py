"""From evidence to beliefs: the machine's run, and the division of shared identifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.identity import machine, slices
from ml.identity.jit import fitting
from ml.identity.machine import (
    CLAIMED,
    LOG_ANCHOR,
    LOG_AT,
    LOG_CAUSE,
    LOG_NODE,
    LOG_TIER,
    LOG_WHY,
    Outcome,
    Stream,
    World,
)
from ml.identity.ordering import FAR, TYPE_CODE, Ordered, microseconds
from ml.identity.rules import IdentityRules
from ml.identity.schema import BROWSER_TYPES, HINT_TYPES

Longs = npt.NDArray[np.int64]
DAY_US: Final = 86_400_000_000


@dataclass(frozen=True)
class Beliefs:
    """What the evidence makes of each identifier.

    Attributes:
        outcome: of the machine.
        log: rows of the machine's log (columns machine.LOG_*), by node and time; a ban as cause is a row of
            `Ordered.bans`, as it is in `outcome.cut`.
        slices: rows of shared identifiers (columns slices.SLICE_*).
        holders: node, anchor, µs: the last holder of a shared identifier, whenever that changed.
        statuses: changes of status, as `status_changes` gives them.
    """

    outcome: Outcome
    log: Longs
    slices: Longs
    holders: Longs
    statuses: pd.DataFrame


def believe(ordered: Ordered, statuses: pd.DataFrame, rules: IdentityRules) -> Beliefs:
    """Run the machine over all evidence and divide the days of shared identifiers."""
    codes = ordered.nodes["code"].to_numpy()
    bans_from, places, bans = _bans_by_node(ordered)
    world = _world(ordered, rules, bans_from, bans)
    hints = np.isin(codes, [TYPE_CODE[name] for name in HINT_TYPES])
    outcome = machine.run(world, _stream(ordered, statuses, hints, places), hints)
    log = outcome.log[np.lexsort((outcome.log[:, LOG_AT], outcome.log[:, LOG_NODE]))]
    by_ban = np.isin(log[:, LOG_WHY], (machine.BECAUSE_OF_VETO, machine.BECAUSE_OF_CANNOT))
    log[by_ban, LOG_CAUSE] = bans["number"].to_numpy()[log[by_ban, LOG_CAUSE]]
    outcome = outcome._replace(cut=outcome.cut[places])
    shared = _shared(ordered, log, rules)
    divided, holders = fitting(slices.divide, len(shared.owner))(shared)
    return Beliefs(outcome, log, divided, holders, statuses)


def _world(ordered: Ordered, rules: IdentityRules, bans_from: Longs, bans: pd.DataFrame) -> World:
    links, nodes = ordered.links, len(ordered.keys)
    codes = ordered.nodes["code"].to_numpy()
    age = np.empty(nodes, dtype=np.int32)
    age[np.lexsort((ordered.keys, ordered.arrived))] = np.arange(nodes, dtype=np.int32)
    limited = np.full(len(TYPE_CODE), -1, dtype=np.int8)
    limited[[TYPE_CODE[name] for name in machine.LIMITED]] = np.arange(len(machine.LIMITED))
    a, b = links["a"].to_numpy(), links["b"].to_numpy()
    links_from, links_of = _by_node(a, b, nodes)
    return World(
        age=age,
        arrived=ordered.arrived,
        limited=limited[codes],
        weak=np.isin(codes, [TYPE_CODE[name] for name in BROWSER_TYPES]).astype(np.int8),
        limits=np.array(_limits(rules), dtype=np.int64),
        window=rules.window_days * DAY_US,
        a=a,
        b=b,
        at=links["at"].to_numpy(),
        tier=links["tier"].to_numpy(),
        strength=_strengths(links, codes),
        until=links["until"].to_numpy(dtype=np.int64),
        lifts=links["lifts"].to_numpy(dtype=np.int8),
        links_from=links_from,
        links_of=links_of,
        bans_from=bans_from,
        ban_with=bans["other"].to_numpy(dtype=np.int32),
        ban_kind=bans["is_cannot"].to_numpy(dtype=np.int8),
        ban_start=bans["start"].to_numpy(dtype=np.int64),
        ban_end=bans["end"].to_numpy(dtype=np.int64),
    )


def _limits(rules: IdentityRules) -> list[int]:
    limits = {
        "login": rules.logins_per_person,
        "loyalty_id": rules.loyalty_ids_per_person,
        "email": rules.emails_per_person,
        "phone": rules.phones_per_person,
        "device_id": rules.devices_per_person,
    }
    return [limits[name] for name in machine.LIMITED]


def _by_node(a: npt.NDArray[np.int32], b: npt.NDArray[np.int32], nodes: int) -> tuple[Longs, npt.NDArray[np.int32]]:
    """Link numbers of each node, ascending, as offsets and numbers."""
    offsets = np.zeros(nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(a, minlength=nodes) + np.bincount(b, minlength=nodes), out=offsets[1:])
    order = np.argsort(np.column_stack((a, b)).ravel(), kind="stable")
    return offsets, (order // 2).astype(np.int32)


def _strengths(links: pd.DataFrame, codes: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Rank within a tier, smaller is stronger: certain links by the weaker end's type, probable ones by weight."""
    ends = np.sort(codes[links[["a", "b"]].to_numpy()].astype(np.int32), axis=1)
    by_type = ends[:, 1] * 16 + ends[:, 0]
    by_weight = np.floor((1.0 - links["weight"].to_numpy()) * 65_535).astype(np.int32)
    return np.where(links["tier"].to_numpy() == machine.PROBABLE, by_weight, by_type).astype(np.int32)


def _bans_by_node(ordered: Ordered) -> tuple[Longs, Longs, pd.DataFrame]:
    """Offsets of each node's bans, the place of each ban on the side of its first end, and all places."""
    bans, nodes = ordered.bans, len(ordered.keys)
    sides = pd.concat(
        [
            bans.assign(node=bans[one], other=bans[two], number=np.arange(len(bans)), side=side)
            for side, (one, two) in enumerate((("a", "b"), ("b", "a")))
        ],
        ignore_index=True,
    ).sort_values(["node", "number", "side"], ignore_index=True)
    offsets = np.searchsorted(sides["node"].to_numpy(), np.arange(nodes + 1)).astype(np.int64)
    first = sides.loc[sides["side"] == 0].sort_values("number")
    return offsets, first.index.to_numpy().astype(np.int64), sides


def _stream(ordered: Ordered, statuses: pd.DataFrame, hints: npt.NDArray[np.bool_], places: Longs) -> Stream:
    arriving, links, bans = np.flatnonzero(~hints), len(ordered.links), ordered.bans
    parts: list[tuple[Longs, int, Longs, Any]] = [
        (ordered.arrived[arriving], machine.ARRIVE, arriving, 0),
        (statuses["at"].to_numpy(), machine.STATUS_CHANGE, statuses["node"].to_numpy(), statuses["status"].to_numpy()),
        (bans["start"].to_numpy(), machine.BAN, (bans["a"].to_numpy().astype(np.int64) << 32) | places, 0),
        (ordered.links["at"].to_numpy(), machine.LINK, np.arange(links), 0),
    ]
    at = np.concatenate([np.asarray(part[0], dtype=np.int64) for part in parts])
    kind = np.concatenate([np.full(len(part[0]), part[1], dtype=np.int8) for part in parts])
    item = np.concatenate([np.asarray(part[2], dtype=np.int64) for part in parts])
    value = np.concatenate([np.broadcast_to(np.int8(part[3]), len(part[0])) for part in parts]).astype(np.int8)
    order = np.argsort(at, kind="stable")
    return Stream(at[order], kind[order], item[order], value[order])


def _shared(ordered: Ordered, log: Longs, rules: IdentityRules) -> slices.Shared:
    """What is known of the identifiers that the log says were shared."""
    claimed = np.flatnonzero(log[:, LOG_ANCHOR] == CLAIMED)
    node, start = log[claimed, LOG_NODE], log[claimed, LOG_AT]
    later = np.append(log, [[-1] * log.shape[1]], axis=0)[claimed + 1]
    end = np.where(later[:, LOG_NODE] == node, later[:, LOG_AT], FAR)
    claims = ordered.claims.loc[np.isin(ordered.claims["node"].to_numpy(), node)]
    codes = ordered.nodes["code"].to_numpy().astype(np.int64)
    owner = claims["owner"].to_numpy().astype(np.int64)
    rank = (codes[owner] << 32) | owner
    order = np.lexsort((claims["at"].to_numpy(), rank, claims["day"].to_numpy(), claims["node"].to_numpy()))
    claims = claims.iloc[order]
    claims_from = np.searchsorted(claims["node"].to_numpy(), np.append(node, len(ordered.keys)))
    return slices.Shared(
        node=node,
        start=start,
        end=end,
        first_day=(microseconds(ordered.nodes["first_seen_at"]) // DAY_US)[node],
        half_life=_half_lives(rules)[codes[node]],
        claims_from=claims_from.astype(np.int64),
        owner=owner[order],
        rank=rank[order],
        day=claims["day"].to_numpy().astype(np.int64),
        at=claims["at"].to_numpy().astype(np.int64),
        observed=claims["n_observed"].to_numpy().astype(np.int64),
        beliefs_from=np.searchsorted(log[:, LOG_NODE], np.arange(len(ordered.keys) + 1)).astype(np.int64),
        belief_at=np.ascontiguousarray(log[:, LOG_AT]),
        belief_anchor=np.ascontiguousarray(log[:, LOG_ANCHOR]),
        belief_tier=np.ascontiguousarray(log[:, LOG_TIER]),
        last_day=FAR // DAY_US,
        far=FAR,
    )


def _half_lives(rules: IdentityRules) -> npt.NDArray[np.float64]:
    """By type; 0 where the last claimer has the day."""
    days = np.zeros(len(TYPE_CODE))
    days[TYPE_CODE["device_id"]] = rules.device_half_life_days
    days[TYPE_CODE["email"]] = rules.email_half_life_days
    days[TYPE_CODE["phone"]] = rules.phone_half_life_days
    return days
