"""web.jsonl.gz: the click stream, one or two lines a visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.arrays import I64, SECOND_US, Bool, labels
from simulation.identity.company import Company
from simulation.identity.devices import Devices
from simulation.identity.sightings import Sightings
from simulation.identity.visits import Visits
from simulation.randomness import opaque, stream

SOURCE = "shop_web"
AD_SHARE = 0.06
ZERO_ID = "00000000-0000-0000-0000-000000000000"
_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/124.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36",
)
_WHAT = ("page", "sign_in", "checkout")
_PAGE, _SIGN_IN, _CHECKOUT = range(3)


@dataclass(frozen=True)
class ClickStream:
    """Lines in order, with the visit of each and the clear values behind the codes of `seen`."""

    seen: Sightings
    visit: I64
    what: I64
    names: dict[str, list[str]]
    zeroed: Bool
    visit_names: list[str]
    visit_person: I64


def draw_clicks(company: Company, devices: Devices, visits: Visits) -> ClickStream:
    """Lines of all visits: a first page without login, then the sign-in or checkout where there is one."""
    rng, count = stream(company.seed, "identity clicks"), len(visits.person)
    says_who = (visits.login >= 0) | (visits.email >= 0)
    silent = visits.bot >= 0
    visit = np.repeat(np.arange(count, dtype=np.int64), np.where(says_who & ~silent, 2, 1))
    is_last = np.r_[visit[1:] != visit[:-1], True] if count else np.zeros(0, np.bool_)
    who = is_last & says_who[visit]
    device = np.maximum(visits.device, 0)
    cookie, cookie_names = _cookies(company, devices, visits)
    shows = devices.shows_device(device) & (visits.device >= 0)
    zeroed = shows & devices.zeroed(device, company.knobs.zero_advertising_share)
    used, app = np.unique(device, return_inverse=True)
    ad = rng.random(count) < AD_SHARE
    click = np.where(ad & ~silent, np.cumsum(ad) - 1, -1)[visit]
    codes = {
        "login": np.where(who, visits.login[visit], -1),
        "email": np.where(who, visits.email[visit], -1),
        "device_id": np.where(shows & ~zeroed, app, -1)[visit],
        "cookie": cookie[visit],
        "click_id": np.where(is_last & (visit == np.roll(visit, 1)), -1, click),
    }
    at_us = visits.at_us[visit] + 7 * SECOND_US * (is_last & says_who[visit] & ~silent[visit])
    names = {
        "login": opaque(company.seed, "login", np.arange(2 * company.people.people), "A"),
        "email": company.contacts.emails,
        "device_id": _uuids(opaque(company.seed, "device", used, "")),
        "cookie": cookie_names,
        "click_id": opaque(company.seed, "ad click", np.arange(int(ad.sum())), "cl."),
    }
    what = np.where(who, np.where(visits.login[visit] >= 0, _SIGN_IN, _CHECKOUT), _PAGE)
    return ClickStream(
        seen=Sightings(SOURCE, visits.person[visit], at_us, codes),
        visit=visit,
        what=what,
        names=names,
        zeroed=zeroed[visit],
        visit_names=opaque(company.seed, "visit", np.arange(count), "v"),
        visit_person=visits.person,
    )


def click_lines(clicks: ClickStream, first: int, last: int) -> pa.Array:
    """JSON text of the lines from `first` up to `last`, keys without a value left out."""
    rows, codes = slice(first, last), clicks.seen.codes
    app = pc.coalesce(
        labels(clicks.names["device_id"], codes["device_id"][rows]),
        labels([ZERO_ID], np.where(clicks.zeroed[rows], 0, -1)),
    )
    visit = clicks.visit[rows]
    members = [
        ("visit", labels(clicks.visit_names, visit)),
        ("what", labels(list(_WHAT), clicks.what[rows])),
        ("browser_id", labels(clicks.names["cookie"], codes["cookie"][rows])),
        ("app_device", app),
        ("account", labels(clicks.names["login"], codes["login"][rows])),
        ("mail", labels(clicks.names["email"], codes["email"][rows])),
        ("ad_click", labels(clicks.names["click_id"], codes["click_id"][rows])),
        ("agent", labels(list(_AGENTS), visit % len(_AGENTS))),
    ]
    millis = pa.array(clicks.seen.at_us[rows] // 1000).cast(pa.string())
    parts = [pc.binary_join_element_wise('{"ts":', millis, "")]
    for name, values in members:
        quoted = pc.binary_join_element_wise(f',"{name}":"', values, '"', "")
        parts.append(pc.fill_null(quoted, ""))
    return pc.binary_join_element_wise(*parts, "}\n", "")


def _cookies(company: Company, devices: Devices, visits: Visits) -> tuple[I64, list[str]]:
    device = np.maximum(visits.device, 0)
    age = devices.cookie_age(device, visits.at_us)
    keeps = devices.keeps_cookie(device) & (visits.device >= 0)
    # Cookies of people are even numbers, cookies of bots odd ones.
    number = np.where(keeps, 2 * (device * 4_096 + age % 4_096), -1)
    number = np.where(visits.bot >= 0, 2 * visits.bot + 1, number)
    used, code = np.unique(number[number >= 0], return_inverse=True)
    codes = np.full(len(number), -1, dtype=np.int64)
    codes[number >= 0] = code
    return codes, opaque(company.seed, "cookie", used, "b.")


def _uuids(words: list[str]) -> list[str]:
    return [f"{word[:8]}-{word[8:12]}-{word[12:16]}-8000-0{word[5:16]}" for word in words]
