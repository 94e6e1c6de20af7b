"""How clerks and customers write names, streets, dates and numbers."""

from __future__ import annotations

import numpy as np

from simulation.arrays import I64, Bool
from simulation.identity.addresses import SHORT_KINDS
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.name_lists import NameList
from simulation.identity.sightings import UNKNOWN

_KEYS = "qwertyuiopasdfghjklzxcvbnm"


def written_names(rng: np.random.Generator, names: NameList, codes: I64, knobs: IdentityKnobs) -> list[str]:
    """Names as they stand in a file: mostly right, some short, respelt or with one slip."""
    text = [names.names[code] for code in codes.tolist()]
    chance, pick = rng.random((3, len(codes))), rng.integers(1 << 30, size=len(codes))
    for row in np.flatnonzero(chance[0] < knobs.nickname_share).tolist():
        short = names.nicknames[codes[row]]
        text[row] = short[pick[row] % len(short)] if short else text[row]
    for row in np.flatnonzero(chance[1] < knobs.transliteration_share).tolist():
        other = names.respelt[codes[row]]
        text[row] = other[pick[row] % len(other)] if other else text[row]
    # A third each for given name, family name and street, so that the knob is a share of records.
    for row in np.flatnonzero(chance[2] < knobs.typo_share / 3).tolist():
        text[row] = slip(text[row], int(pick[row]))
    return text


def written_streets(rng: np.random.Generator, streets: list[str], knobs: IdentityKnobs) -> list[str]:
    """Streets, some with the short form of Street or Avenue, some with a slip in the name."""
    short, slips = rng.random((2, len(streets)))
    pick = rng.integers(1 << 30, size=len(streets))
    text = list(streets)
    for row in np.flatnonzero((short < 0.3) & (knobs.typo_share > 0)).tolist():
        house, name, kind = text[row].split()
        text[row] = f"{house} {name} {SHORT_KINDS[kind]}"
    for row in np.flatnonzero(slips < knobs.typo_share / 3).tolist():
        house, name, kind = text[row].split()
        text[row] = f"{house} {slip(name, int(pick[row]))} {kind}"
    return text


def slip(name: str, draw: int) -> str:
    """One letter after the first exchanged with its neighbour, left out, doubled or hit beside."""
    if len(name) < 4:
        return name
    spot, kind = 1 + draw % (len(name) - 2), draw // 64 % 4
    if kind == 0:
        return name[:spot] + name[spot + 1] + name[spot] + name[spot + 2 :]
    if kind == 1:
        return name[:spot] + name[spot + 1 :]
    if kind == 2:
        return name[: spot + 1] + name[spot:]
    return name[:spot] + _KEYS[draw // 256 % len(_KEYS)] + name[spot + 1 :]


def written_births(rng: np.random.Generator, born: I64, knobs: IdentityKnobs) -> tuple[list[str | None], I64]:
    """Dates of birth as ISO text, and what a reader can trust: `UNKNOWN` where missing or exchanged."""
    missing, swapped = rng.random((2, len(born)))
    dates = born.astype("datetime64[D]").astype(str).tolist()
    swap = swapped < knobs.swapped_birth_share
    for row in np.flatnonzero(swap).tolist():
        year, month, day = dates[row].split("-")
        dates[row] = f"{year}-{day}-{month}" if int(day) <= 12 else dates[row]
    kept = missing >= knobs.missing_birth_share
    text = [date if keep else None for date, keep in zip(dates, kept.tolist(), strict=True)]
    return text, np.where(kept & ~swap, born, UNKNOWN)


def written_phones(rng: np.random.Generator, numbers: list[str], codes: I64) -> list[str | None]:
    """Ten-digit numbers in four habits of writing them; dummies stay as they were typed."""
    habit = rng.integers(4, size=len(codes)).tolist()
    return [
        None if code < 0 else _styled(numbers[code], style) for code, style in zip(codes.tolist(), habit, strict=True)
    ]


def written_emails(rng: np.random.Generator, emails: list[str], codes: I64) -> list[str | None]:
    """Addresses, a tenth of them with a capital, as phones write them."""
    capital = (rng.random(len(codes)) < 0.1).tolist()
    return [
        None if code < 0 else emails[code].capitalize() if big else emails[code]
        for code, big in zip(codes.tolist(), capital, strict=True)
    ]


def chosen(rng: np.random.Generator, mask: Bool, share: float) -> Bool:
    """A random share of the rows where `mask` holds."""
    return np.asarray(mask & (rng.random(len(mask)) < share), dtype=np.bool_)


def _styled(number: str, style: int) -> str:
    if style == 3 or len(number) != 10:
        return number
    area, middle, last = number[:3], number[3:6], number[6:]
    return (f"({area}) {middle}-{last}", f"{area}.{middle}.{last}", f"+1{number}")[style]
