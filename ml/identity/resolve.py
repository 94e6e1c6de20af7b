"""From ordered evidence to the ledger."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ml.identity.evidence import Evidence
from ml.identity.history import History
from ml.identity.ledger import ledger_frames
from ml.identity.ordering import Ordered, order_evidence
from ml.identity.rules import IdentityRules
from ml.identity.schema import Resolution
from ml.identity.union import Components, Verdict


@dataclass(frozen=True)
class Replay:
    """The state after the last piece of evidence."""

    components: Components
    history: History
    verdicts: list[Verdict]


def resolve(evidence: Evidence, rules: IdentityRules = IdentityRules()) -> Resolution:  # noqa: ARG001, B008
    """Make people out of identifiers that were seen together.

    Links are applied in order of arrival (`first_received_at`, then the two keys), each once. A link is refused when
    the person would then hold two logins, two loyalty ids, or more than five e-mails or phones. Devices, cookies and
    click ids belong to the first person that claims them; a claim by a second marks them shared and merges nobody.
    Nothing accepted is taken back, so the state at any instant depends on earlier evidence only: cutting the evidence
    into runs, or shuffling its rows, gives the same ids. A person is named after the oldest identifier.

    Args:
        evidence: a closed group; see `Evidence`.
        rules: the limits.

    Raises:
        ValueError: a column is missing, a type unknown, a key doubled, or a pair names a stranger.
    """
    ordered = order_evidence(evidence.checked())
    replay = _replay(ordered)
    return ledger_frames(ordered, replay.components, replay.history, replay.verdicts)


def _replay(evidence: Ordered) -> Replay:
    keys = evidence.identifiers["identifier_key"].to_numpy(dtype=np.int64)
    age = np.empty(len(keys), dtype=np.int64)
    age[np.lexsort((keys, evidence.arrived))] = np.arange(len(keys))
    components = Components(evidence.identifiers["type"].astype(str).tolist(), age.tolist())
    newcomers, links = _by_instant(evidence.arrived.tolist()), _by_instant(evidence.at.tolist())
    ends, edge_keys = evidence.ends.tolist(), evidence.edge_keys.tolist()
    history, verdicts = History(), [Verdict.KNOWN] * len(ends)
    for at in sorted(newcomers.keys() | links.keys()):
        touched: dict[int, int | None] = dict.fromkeys(newcomers.get(at, ()))
        for position in links.get(at, ()):
            link = components.join(*ends[position])
            verdicts[position] = link.verdict
            touched.update(dict.fromkeys(link.moved, edge_keys[position]))
        history.settle(at, touched, components)
    return Replay(components, history, verdicts)


def _by_instant(times: list[int]) -> dict[int, list[int]]:
    positions: defaultdict[int, list[int]] = defaultdict(list)
    for position, at in enumerate(times):
        positions[at].append(position)
    return positions
