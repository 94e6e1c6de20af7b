"""What happened to people: created, merged, split, un-merged, erased, blocked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.identity import machine
from ml.identity.beliefs import Beliefs
from ml.identity.keys import event_ids
from ml.identity.ordering import FAR, Ordered

Longs = npt.NDArray[np.int64]
TYPES: Final = ("create", "merge", "split", "unmerge", "erase", "block")
_BANNED: Final = (machine.BECAUSE_OF_VETO, machine.BECAUSE_OF_CANNOT)


@dataclass(frozen=True)
class Changes:
    """Changes of people, derived from the beliefs.

    Attributes:
        events: at (µs), node, type, survivor and other (anchors, -1: none), cause (edge key or -1), actor, reason; in
            order of time and node.
        created: µs at which each node first named a person, or the far future.
        now: the person of each node at the end; a shared identifier's is its last holder; negative: nobody.
    """

    events: pd.DataFrame
    created: Longs
    now: Longs

    def event_ids(self, keys: Longs) -> pd.Series:
        """A stable id of each event, from its time, type, people and identifier."""
        kind = pd.Categorical(self.events["type"], categories=list(TYPES)).codes.astype(np.int64)
        other = self.events["other"].to_numpy()
        ends = keys[self.events["survivor"].to_numpy()], np.where(other >= 0, keys[other], -1)
        return event_ids(self.events["at"].to_numpy(), kind, *ends, keys[self.events["node"].to_numpy()])


def find_changes(ordered: Ordered, beliefs: Beliefs) -> Changes:
    """Read the changes of people off the timeline of every identifier."""
    line = _timeline(beliefs)
    last = line.drop_duplicates("node", keep="last")
    now = np.full(len(ordered.keys), machine.NOBODY_YET, dtype=np.int64)
    now[last["node"].to_numpy()] = last["anchor"].to_numpy()
    named = pd.concat([line[["anchor", "at"]], _slice_starts(beliefs)]).query("anchor >= 0")
    created = np.full(len(ordered.keys), FAR, dtype=np.int64)
    np.minimum.at(created, named["anchor"].to_numpy(), named["at"].to_numpy())
    return Changes(_events(ordered, beliefs, line), created, now)


def _slice_starts(beliefs: Beliefs) -> pd.DataFrame:
    rows = beliefs.slices
    return pd.DataFrame({"anchor": rows[:, 1], "at": rows[:, 5]})


def _timeline(beliefs: Beliefs) -> pd.DataFrame:
    """Node, at, anchor, via, why, cause; shared identifiers with their last holder; only where the person changed."""
    log, holders = beliefs.log, beliefs.holders
    own = log[log[:, machine.LOG_ANCHOR] != machine.CLAIMED]
    none = np.full(len(holders), -1)
    line = pd.DataFrame(
        {
            "node": np.append(own[:, machine.LOG_NODE], holders[:, 0]),
            "anchor": np.append(own[:, machine.LOG_ANCHOR], holders[:, 1]),
            "at": np.append(own[:, machine.LOG_AT], holders[:, 2]),
            "via": np.append(own[:, machine.LOG_VIA], none),
            "why": np.append(own[:, machine.LOG_WHY], np.full(len(holders), machine.BECAUSE_OF_STATUS)),
            "cause": np.append(own[:, machine.LOG_CAUSE], holders[:, 0]),
        }
    ).sort_values(["node", "at"], ignore_index=True)
    line["before"] = line.groupby("node")["anchor"].shift().fillna(machine.NOBODY_YET).astype("int64")
    return line.loc[line["anchor"] != line["before"]]


def _events(ordered: Ordered, beliefs: Beliefs, line: pd.DataFrame) -> pd.DataFrame:
    node, anchor, before = (line[name].to_numpy() for name in ("node", "anchor", "before"))
    status, reasons = _last_status(beliefs, line)
    became_own, gave_up = anchor == node, (before == node) & (anchor >= 0)
    left = (anchor == machine.NOBODY) & (before != machine.NOBODY_YET)
    kind = np.select(
        [
            became_own & (before < 0),
            became_own & (line["why"].to_numpy() == machine.BECAUSE_OF_CANNOT),
            became_own,
            gave_up,
            left & (status == machine.ERASED),
            left,
        ],
        [0, 3, 2, 1, 4, 5],
        default=-1,
    )
    rows = line.assign(
        code=kind,
        survivor=np.where(became_own & (before >= 0), before, np.where(gave_up, anchor, node)),
        other=np.where(became_own & (before >= 0) | gave_up, node, -1),
        status_reason=reasons,
    )
    rows["survivor"] = np.where(left & (before >= 0), before, rows["survivor"].to_numpy())
    rows = rows.loc[rows["code"] >= 0].sort_values(["at", "node"], ignore_index=True)
    return _explained(ordered, beliefs, rows)


def _last_status(beliefs: Beliefs, line: pd.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Status and reason, at the time of each row, of the identifier that caused it."""
    parted = np.flatnonzero((line["anchor"] < 0) | (line["before"] >= 0))
    rows = line.iloc[parted]
    by_status = (rows["why"] == machine.BECAUSE_OF_STATUS) & (rows["anchor"] >= 0)
    wanted = pd.DataFrame(
        {"node": rows["cause"].where(by_status, rows["node"]).astype("int64"), "at": rows["at"], "row": parted}
    )
    known = beliefs.statuses[["node", "at", "status", "reason"]].astype({"node": "int64", "at": "int64"})
    found = pd.merge_asof(wanted.sort_values("at"), known.sort_values("at"), on="at", by="node")
    status, reason = np.zeros(len(line), dtype=np.int64), np.full(len(line), None, dtype=object)
    status[found["row"]] = found["status"].fillna(0).to_numpy(dtype=np.int64)
    reason[found["row"]] = found["reason"].to_numpy(dtype=object)
    return status, reason


def _explained(ordered: Ordered, beliefs: Beliefs, rows: pd.DataFrame) -> pd.DataFrame:
    """The events with cause, actor and reason."""
    why, cause, via = (rows[name].to_numpy().astype(np.int64) for name in ("why", "cause", "via"))
    parted = rows["code"].isin((2, 3)).to_numpy()
    banned = parted & np.isin(why, _BANNED)
    link = np.where(rows["code"] == 1, via, -1)
    link = np.where(banned, _at(beliefs.outcome.cut, cause, banned), link)
    link = np.where(parted & (why == machine.BECAUSE_OF_CERTAIN), cause, link)
    manual = (link >= 0) & (_at(ordered.links["tier"].to_numpy(), link, link >= 0) == machine.MANUAL) & ~parted
    actor = np.full(len(rows), "resolver", dtype=object)
    reason = rows["status_reason"].where(rows["code"] >= 2, None).to_numpy(dtype=object, copy=True)
    if banned.any():
        actor[banned] = ordered.bans["actor"].to_numpy(dtype=object)[cause[banned]]
        reason[banned] = ordered.bans["reason"].to_numpy(dtype=object)[cause[banned]]
    if manual.any():
        actor[manual] = ordered.links["actor"].to_numpy(dtype=object)[link[manual]]
        reason[manual] = ordered.links["note"].to_numpy(dtype=object)[link[manual]]
    return rows.assign(
        type=pd.Series(pd.array(TYPES, dtype="str").take(rows["code"].to_numpy())),
        cause=np.append(ordered.links["edge_key"].to_numpy(), -1)[link],
        actor=pd.Series(actor, dtype="str"),
        reason=pd.Series(reason, dtype="str"),
    )


def _at(values: npt.NDArray[np.generic], positions: Longs, where: npt.NDArray[np.bool_]) -> Longs:
    """`values` at the positions where asked for, else -1."""
    found = np.full(len(positions), -1, dtype=np.int64)
    found[where] = values[positions[where]]
    return found
