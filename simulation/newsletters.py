"""The mailing provider's export as JSON lines, a few of them cut in the middle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from simulation.arrays import I64, Bool
from simulation.emails import EMAIL_TYPES, EmailLog, campaign_names
from simulation.names import Names
from simulation.orders import Orders
from simulation.people import People
from simulation.randomness import opaque, stream

MALFORMED_SHARE = 0.0004
UNKNOWN_SHARE = 0.0001


class NewsletterLines(NamedTuple):
    """Lines without their line ends, in order of arrival; `is_cut` and `is_unknown` mark the planted faults."""

    lines: list[str]
    received_us: I64
    event_ids: list[str]
    is_cut: Bool
    is_unknown: Bool


def newsletter_lines(log: EmailLog, names: Names, orders: Orders, people: People, seed: int) -> NewsletterLines:
    """Render the log. At least one line is cut and one has a type nobody knows, if there are 20 lines or more."""
    rng, count = stream(seed, "newsletters"), len(log.kind)
    chosen = rng.permutation(count)
    cut, unknown = int(np.ceil(count * MALFORMED_SHARE)) if count >= 20 else 0, int(np.ceil(count * UNKNOWN_SHARE))
    is_cut, is_unknown = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    is_cut[chosen[:cut]] = True
    is_unknown[chosen[cut : cut + unknown] if count >= 20 else []] = True
    event_ids = opaque(seed, "email", np.arange(count), "em-")
    lines = _render(log, event_ids, is_unknown, names, orders, people)
    for row in np.flatnonzero(is_cut).tolist():
        lines[row] = lines[row][: len(lines[row]) * 3 // 5]
    return NewsletterLines(lines, log.received_us, event_ids, is_cut, is_unknown)


def _render(
    log: EmailLog, event_ids: list[str], is_unknown: Bool, names: Names, orders: Orders, people: People
) -> list[str]:
    types = np.array([*EMAIL_TYPES, "soft_bounced_v2"])
    campaigns = np.array(campaign_names(-(-orders.days // 7)))
    click_ids = np.array([*names.click_ids, None], dtype=object)
    frame = pd.DataFrame(
        {
            "event_id": event_ids,
            "type": types[np.where(is_unknown, len(EMAIL_TYPES), log.kind)],
            "ts": _iso(log.at_us),
            "received_at": _iso(log.received_us),
            "email": np.array(people.emails)[log.person],
            "campaign": campaigns[log.week],
            "click_id": click_ids[log.click],
            "is_simulated": True,
        }
    )
    text: str = frame.to_json(orient="records", lines=True)
    return text.splitlines()


def _iso(at_us: I64) -> list[str]:
    return [f"{text}Z" for text in np.datetime_as_string(at_us.astype("datetime64[us]"), unit="ms").tolist()]
