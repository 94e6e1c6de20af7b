"""Whether the log has seen what the candidate would do."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.offpolicy.traffic import LoggedTraffic

# An action drawn more seldom than this is as good as never drawn: its weights would be above a thousand.
HARDLY = 0.001
LEAST_SHOWN = 25


class Gap(NamedTuple):
    """An action that the candidate would show in `wanted` exposures and the log cannot judge there.

    `impossible` of them could not have shown it; altogether the log showed it `shown` times.
    """

    action: str
    wanted: float
    impossible: float
    shown: int


class Support(NamedTuple):
    """`unsupported` is the share of the candidate's probability on actions that could not be drawn there."""

    unsupported: float
    explored_share: float
    gaps: tuple[Gap, ...]


def support_of(traffic: LoggedTraffic) -> Support:
    """Where the candidate leaves what was logged."""
    free = ~traffic.as_logged
    told = traffic.told
    could = np.where(told[:, None], np.nan_to_num(traffic.logged) > HARDLY, traffic.open)
    wanted = np.where(free[:, None], traffic.candidate, 0.0)
    gaps = []
    for index, name in enumerate(traffic.actions):
        total, lost = float(wanted[:, index].sum()), float(wanted[~could[:, index], index].sum())
        shown = int((traffic.action == index).sum())
        if lost > 0 or (total >= 1 and shown < LEAST_SHOWN):
            gaps.append(Gap(name, total, lost, shown))
    lost = float(wanted[~could].sum()) / len(traffic)
    explored = float((traffic.propensity < 1.0).mean())
    return Support(lost, explored, tuple(sorted(gaps, key=lambda gap: -gap.wanted)))
