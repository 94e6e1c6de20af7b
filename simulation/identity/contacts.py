"""E-mail addresses and phone numbers: whose they are, when, and which belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import I64, Bool
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.name_lists import family_names, given_names
from simulation.identity.population import NEVER_US, Population
from simulation.randomness import scrambled, stream

BOT_ADDRESSES = 80
SECOND_EMAIL_SHARE = 0.22
# Addresses and numbers that clerks type when a customer gives none; intake knows some of them, not all.
DUMMY_EMAILS = ("none@none.com", "noemail@noemail.com", "till@shop.example", "customer@shop.example")
DUMMY_PHONES = ("000-000-0000", "0000000000", "123-456-7890", "614-555-0100")
_HOSTS = ("mail.example", "inbox.example", "post.example", "web.example", "live.example")
_PEOPLE_PER_EMPLOYER = 60


@dataclass(frozen=True)
class Contacts:
    """Codes into `emails` and `phones`, one entry a person; -1 is none.

    From `phone_lost_us` on a number belongs to the person in `phone_heir`, whose `second_phone` it is.
    """

    emails: list[str]
    phones: list[str]
    email: I64
    second_email: I64
    work_email: I64
    shared_email: I64
    mobile: I64
    landline: I64
    office_phone: I64
    phone_lost_us: I64
    inherited_phone: I64
    inherited_us: I64
    bot_emails: I64
    dummy_email: int
    dummy_phone: int


def draw_contacts(people: Population, knobs: IdentityKnobs, seed: int) -> Contacts:
    """Draw who has which addresses and numbers."""
    rng, count = stream(seed, "identity contacts"), people.people
    several = people.household_size > 1
    shares_mail = several & (rng.random(count)[people.household] < knobs.shared_email_share)
    has_landline = several & (rng.random(count)[people.household] < knobs.shared_phone_share)
    has_second = rng.random(count) < SECOND_EMAIL_SHARE
    works = rng.random(count) < knobs.work_email_share
    employer = rng.integers(max(1, count // _PEOPLE_PER_EMPLOYER), size=count)
    emails, codes = _addresses(people, seed, has_second, works, shares_mail, employer)
    bots = int(np.ceil(count * knobs.bot_share))
    bot_emails = len(emails) + np.arange(bots * BOT_ADDRESSES // 2, dtype=np.int64)
    emails += [f"user{value:016x}@drop.example" for value in scrambled(seed, "bot mail", bot_emails).tolist()]
    lost, heir_of, inherited_at = _recycled(rng, people, knobs)
    households, employers = int(people.household.max()) + 1, int(employer.max()) + 1
    calls_office = works & (rng.random(count) < knobs.office_phone_share)
    return Contacts(
        emails=[*emails, *DUMMY_EMAILS],
        phones=[*_numbers(count + households + employers, seed), *DUMMY_PHONES],
        email=codes[0],
        second_email=codes[1],
        work_email=codes[2],
        shared_email=codes[3],
        mobile=np.arange(count, dtype=np.int64),
        landline=np.where(has_landline, count + people.household, -1),
        office_phone=np.where(calls_office, count + households + employer, -1),
        phone_lost_us=lost,
        inherited_phone=heir_of,
        inherited_us=inherited_at,
        bot_emails=bot_emails,
        dummy_email=len(emails),
        dummy_phone=count + households + employers,
    )


def _addresses(
    people: Population, seed: int, has_second: Bool, works: Bool, shares: Bool, employer: I64
) -> tuple[list[str], tuple[I64, I64, I64, I64]]:
    """Every address once, and the codes of primary, second, work and household address."""
    count, draw = people.people, scrambled(seed, "identity mail", np.arange(people.people))
    style = (draw % np.uint64(4)).astype(np.int64)
    given = [_plain(name) for name in given_names()[0].names]
    family = [_plain(name) for name in family_names().names]
    host = (draw // np.uint64(8) % np.uint64(len(_HOSTS))).astype(np.int64)
    parts = list(
        zip(
            [given[code] for code in people.given.tolist()],
            [family[code] for code in people.family.tolist()],
            range(count),
            style.tolist(),
            [_HOSTS[code] for code in host.tolist()],
            strict=True,
        )
    )
    primary = [f"{_local(g, f, n, s)}@{h}" for g, f, n, s, h in parts]
    second = [f"{f[:3]}{g[:2]}{n:x}@{h}" for g, f, n, _, h in parts]
    work = [f"{g}.{f}{n:x}@firm{e}.example" for (g, f, n, _, _), e in zip(parts, employer.tolist(), strict=True)]
    home = [f"the{f}s{n}@{_HOSTS[n % len(_HOSTS)]}" for n, f in _household_names(people, family)]
    chosen, codes = list(primary), [np.arange(count, dtype=np.int64)]
    for values, keep in ((second, has_second), (work, works)):
        codes.append(np.where(keep, len(chosen) + np.cumsum(keep) - 1, -1))
        chosen += [value for value, kept in zip(values, keep.tolist(), strict=True) if kept]
    codes.append(np.where(shares, len(chosen) + people.household, -1))
    return [*chosen, *home], (codes[0], codes[1], codes[2], codes[3])


def _local(given: str, family: str, number: int, style: int) -> str:
    if style == 0:
        return f"{given}.{family}{number}"
    if style == 1:
        return f"{given[0]}{family}{number}"
    if style == 2:
        return f"{given}{number}"
    return f"{family}.{given}.{number}"


def _household_names(people: Population, family: list[str]) -> list[tuple[int, str]]:
    heads = np.flatnonzero(people.position == 0)
    return [(number, family[code]) for number, code in enumerate(people.family[heads].tolist())]


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha()) or "x"


def _numbers(count: int, seed: int) -> list[str]:
    """Ten digits each, never twice; 555 in the middle belongs to nobody real."""
    areas = [area for area in range(201, 990) if area % 100 != 11 and area != 614]
    # A bijection of 0 to 7.8 million keeps numbers of one household from standing side by side.
    slots = len(areas) * 10_000
    step = 3_141_593 + 2 * (seed % 1_000)
    while np.gcd(step, slots) != 1:
        step += 2
    spot = (np.arange(count, dtype=np.int64) * step) % slots
    return [f"{areas[one // 10_000]}555{one % 10_000:04d}" for one in spot.tolist()]


def _recycled(rng: np.random.Generator, people: Population, knobs: IdentityKnobs) -> tuple[I64, I64, I64]:
    """Who loses the number when, whose number each person took over, and when."""
    count, period = people.people, people.period
    lost, heir_of = np.full(count, NEVER_US, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    inherited = np.full(count, NEVER_US, dtype=np.int64)
    order = rng.permutation(count)
    pairs = min(round(count * knobs.recycled_phone_share), count // 2)
    losers, heirs = order[:pairs], order[pairs : 2 * pairs]
    span = period.end_us - period.start_us
    lost[losers] = period.start_us + ((0.2 + 0.4 * rng.random(pairs)) * span).astype(np.int64)
    heir_of[heirs] = losers
    inherited[heirs] = lost[losers] + (0.15 * span * rng.random(pairs)).astype(np.int64)
    return lost, heir_of, inherited
