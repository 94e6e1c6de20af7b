"""When an identifier stops telling people apart: shared, blocked, erased."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.identity.machine import BLOCKED, CERTAIN, ERASED, SHARED
from ml.identity.ordering import FAR, TYPE_CODE, Ordered
from ml.identity.rules import IdentityRules
from ml.identity.schema import HINT_TYPES, IDENTIFIER_TYPES, OWNER_TYPES, WEAK_TYPES

_CONTACTS: Final = ("email", "phone")
_ACCOUNTS: Final = ("login", "loyalty_id")
_STATUS: Final = {"shared": SHARED, "blocked": BLOCKED}
ERASED_REASON: Final = "erased on request"


def status_changes(ordered: Ordered, rules: IdentityRules) -> pd.DataFrame:
    """Every change for the worse: node, status, at (µs, not before the node's arrival), reason; by (at, node).

    What arrives at or after the erasure of one of its ends does not count.
    """
    found = pd.concat([_from_touches(ordered, rules), _from_flags(ordered), _from_erasure(ordered)], ignore_index=True)
    found["at"] = np.maximum(found["at"].to_numpy(), ordered.arrived[found["node"].to_numpy()])
    found = found.sort_values(["node", "at", "status", "reason"], ignore_index=True)
    worst = found.groupby("node")["status"].cummax()
    worse = worst.groupby(found["node"]).diff().fillna(1) > 0
    last_of_instant = ~found.loc[worse].duplicated(["node", "at"], keep="last")
    return found.loc[worse].loc[last_of_instant].sort_values(["at", "node"], ignore_index=True)


def _from_flags(ordered: Ordered) -> pd.DataFrame:
    hints = [TYPE_CODE[name] for name in HINT_TYPES]
    flags = ordered.flags.loc[~np.isin(ordered.nodes["code"].to_numpy()[ordered.flags["node"]], hints)]
    columns = {"node": flags["node"], "status": flags["status"].map(_STATUS).astype("int64")}
    return pd.DataFrame({**columns, "at": flags["at"], "reason": flags["reason"]})


def _from_erasure(ordered: Ordered) -> pd.DataFrame:
    nodes = np.flatnonzero(ordered.erased < FAR)
    return pd.DataFrame(
        {"node": nodes, "status": ERASED, "at": ordered.erased[nodes], "reason": [ERASED_REASON] * len(nodes)}
    ).astype({"reason": "str"})


def _from_touches(ordered: Ordered, rules: IdentityRules) -> pd.DataFrame:
    touches = _first_touches(ordered)
    order = np.lexsort([touches[name].to_numpy() for name in ("owner", "at", "owner_code", "node")])
    touches = touches.iloc[order]
    rank = touches.groupby(["node", "owner_code"], sort=False).cumcount().to_numpy() + 1
    codes = ordered.nodes["code"].to_numpy()[touches["node"].to_numpy()]
    limits = _shared_limits(rules)[codes, touches["owner_code"].to_numpy()]
    found: list[pd.DataFrame] = []
    for status, limit in ((SHARED, limits), (BLOCKED, np.full(len(rank), rules.blocked_above))):
        over = touches.loc[rank == limit + 1].assign(status=status)
        names = pd.Series(np.array(IDENTIFIER_TYPES)[over["owner_code"].to_numpy()], over.index, dtype="str")
        counts = pd.Series(limit[rank == limit + 1], over.index).astype("str")
        over["reason"] = "more than " + counts + " of type " + names
        found.append(over[["node", "status", "at", "reason"]])
    both = pd.concat(found, ignore_index=True)
    return both.assign(reason=both["reason"].astype("str"))


def _shared_limits(rules: IdentityRules) -> npt.NDArray[np.int64]:
    """Owners of a type with which an identifier of a type may be seen, shape (types, types)."""
    limits = np.full((len(IDENTIFIER_TYPES), len(IDENTIFIER_TYPES)), np.iinfo(np.int32).max, dtype=np.int64)
    weak = {
        "login": rules.weak_max_logins,
        "loyalty_id": rules.weak_max_loyalty_ids,
        "email": rules.weak_max_emails,
        "phone": rules.weak_max_phones,
    }
    for name in WEAK_TYPES:
        for owner, limit in weak.items():
            limits[TYPE_CODE[name], TYPE_CODE[owner]] = limit
    for name in _CONTACTS:
        for owner in _ACCOUNTS:
            limits[TYPE_CODE[name], TYPE_CODE[owner]] = rules.contact_max_owners
    return limits


def _first_touches(ordered: Ordered) -> pd.DataFrame:
    """Each owner with which an identifier was seen, once: node, owner, owner_code, at."""
    links = ordered.links.loc[ordered.links["tier"] == CERTAIN, ["a", "b", "at"]].to_numpy()
    claims = ordered.claims[["node", "owner", "at"]].to_numpy()
    seen = np.concatenate([links, links[:, [1, 0, 2]], claims]).astype(np.int64)
    codes = ordered.nodes["code"].to_numpy()
    node_code, owner_code = codes[seen[:, 0]], codes[seen[:, 1]]
    before_erasure = seen[:, 2] < np.minimum(ordered.erased[seen[:, 0]], ordered.erased[seen[:, 1]])
    keep = _counts()[node_code, owner_code] & before_erasure
    touches = pd.DataFrame(seen[keep], columns=["node", "owner", "at"]).assign(owner_code=owner_code[keep])
    return touches.groupby(["node", "owner", "owner_code"])["at"].min().reset_index()


def _counts() -> npt.NDArray[np.bool_]:
    """Whether an owner of a type counts for an identifier of a type, shape (types, types)."""
    counts = np.zeros((len(IDENTIFIER_TYPES), len(IDENTIFIER_TYPES)), dtype=np.bool_)
    for name in WEAK_TYPES:
        counts[TYPE_CODE[name], [TYPE_CODE[owner] for owner in OWNER_TYPES]] = True
    for name in _CONTACTS:
        counts[TYPE_CODE[name], [TYPE_CODE[owner] for owner in _ACCOUNTS]] = True
    return counts
