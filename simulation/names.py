"""The identifiers that visits carry: session ids, cookies, device ids, click ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import I64, Bool
from simulation.devices import Devices
from simulation.emails import EmailLog
from simulation.randomness import opaque, scrambled, stream
from simulation.sessions import Sessions

# A tag that failed to load leaves a visit without a session id; readers fall back to 30 minutes of silence.
UNTAGGED_SHARE = 0.02


@dataclass(frozen=True)
class Names:
    """Clear-text identifiers. Arrays have one entry a session; a code of -1 means that the session has none."""

    session_ids: list[str]
    is_tagged: Bool
    cookies: list[str]
    cookie_code: I64
    device_ids: list[str]
    app_code: I64
    click_ids: list[str]
    profile: I64
    crawler: I64


def name_visits(sessions: Sessions, devices: Devices, emails: EmailLog, crawlers: int, seed: int) -> Names:
    """Name everything a visit carries; crawlers keep one of `crawlers` user agents per visit."""
    count, bot = len(sessions.start_us), sessions.is_bot
    device = np.maximum(sessions.device, 0)
    used, code = np.unique(sessions.cookie, return_inverse=True)
    agent = (scrambled(seed, "crawler", np.arange(count)) % np.uint64(crawlers)).astype(np.int64)
    return Names(
        session_ids=opaque(seed, "session", np.arange(count), "s-"),
        is_tagged=stream(seed, "tags").random(count) >= UNTAGGED_SHARE,
        cookies=opaque(seed, "cookie", used, "ck-"),
        cookie_code=np.where(sessions.cookie >= 0, code, -1).astype(np.int64),
        device_ids=opaque(seed, "device", np.arange(len(devices.profile)), "dv-"),
        app_code=np.where(~bot & devices.is_app(device), device, -1).astype(np.int64),
        click_ids=opaque(seed, "click", np.arange(int((emails.kind == 2).sum())), "cl-"),
        profile=np.where(bot, -1, devices.profile[device]).astype(np.int64),
        crawler=np.where(bot, agent, -1),
    )
