"""Customer records with known truth: seeded people, several records each, spoilt the way records are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from nicknames import NickNamer

Text = npt.NDArray[np.object_]
Whole = npt.NDArray[np.int64]

_ONSETS = ["b", "br", "c", "ch", "d", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "r", "s", "st", "t", "w"]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ea"]
_ENDS = ["n", "ll", "rs", "son", "ton", "ley", "ck", "tt", "man", "field", "r", "s"]
_KINDS = ["Street", "Road", "Avenue", "Lane", "Drive", "Court"]
_SHORT = ["St", "Rd", "Ave", "Ln", "Dr", "Ct"]
_HOSTS = ["gmail.com", "yahoo.com", "outlook.com", "acme-works.com", "mail.com"]
_COMMON_GIVEN = ["James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "David", "Barbara"]
_COMMON_FAMILY = ["Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Martinez", "Moore"]
_TOWNS = ["Springfield", "Franklin", "Clinton", "Salem", "Madison", "Fairview", "Arlington", "Dover", "Hudson"]
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
_EPOCH = np.datetime64("2017-01-01T00:00:00")


@dataclass(frozen=True)
class Noise:
    """Shares of values that are absent, misspelt, outdated, short or somebody else's, each for itself."""

    absent: float = 0.05
    misspelt: float = 0.05
    moved: float = 0.08
    nickname: float = 0.1
    swapped: float = 0.01
    wrong: float = 0.01


@dataclass(frozen=True)
class Company:
    """Records for matching and the person behind each; households share address and family name."""

    records: pd.DataFrame
    person: Whole


def company(records: int, seed: int, noise: Noise = Noise(), contact: float = 0.5) -> Company:
    """About `records` rows of people who have one to four records; `contact` is the share with e-mail or phone."""
    rng = np.random.default_rng(seed)
    copies = rng.choice([1, 2, 3, 4], size=records // 2 + 1, p=[0.35, 0.4, 0.2, 0.05])
    copies = copies[: int(np.searchsorted(np.cumsum(copies), records)) + 1]
    people = _people(rng, len(copies), contact)
    person = rng.permutation(np.repeat(np.arange(len(copies)), copies))
    rows = {name: values[person] for name, values in people.items()}
    return Company(_records(rng, rows, noise), person)


def namesakes(people: int, seed: int, born_within_years: int = 30) -> Company:
    """Strangers under a hundred names and in nine towns, with e-mails of their names; every fourth has two records."""
    rng = np.random.default_rng(seed)
    given, family = rng.choice(_COMMON_GIVEN, people), rng.choice(_COMMON_FAMILY, people)
    born = np.datetime64("1965-01-01") + rng.integers(0, 365 * born_within_years, people)
    number, town = rng.integers(0, 100, people), rng.integers(0, len(_TOWNS), people)
    forms = ("{0}.{1}", "{0}.{1}{2}", "{0}{1}{3}", "{0[0]}{1}{2}")
    drawn = zip(given, family, number, born.astype(str), rng.integers(0, len(forms), people), strict=True)
    mailboxes = pd.Series([forms[form].format(g.lower(), f.lower(), n, day[2:4]) for g, f, n, day, form in drawn])
    again = mailboxes.groupby(mailboxes).cumcount()
    mailboxes += again.astype(str).where(again > 0, "")
    person = rng.permutation(np.concatenate([np.arange(people), np.flatnonzero(rng.random(people) < 0.25)]))
    count = len(person)
    slips = rng.random(count) < 0.05
    days = born[person] + np.where(slips, 1, 0)
    arrived = _EPOCH + np.arange(count).astype("timedelta64[m]")
    records = pd.DataFrame(
        {
            "identifier_key": np.arange(1, count + 1),
            "received_at": pd.to_datetime(arrived).tz_localize("UTC").astype("datetime64[us, UTC]"),
            "given_name": given[person],
            "family_name": family[person],
            "birth_date": days.astype(str).astype(object),
            "city": np.array(_TOWNS, dtype=object)[town[person]],
            "postal_code": (10_000 + 7 * town + number % 3)[person].astype(str).astype(object),
            "email": (mailboxes + "@" + pd.Series(np.array(_HOSTS, dtype=object)[number % 3])).to_numpy()[person],
        }
    )
    records.loc[rng.random(count) < 0.05, "email"] = None
    return Company(records, person)


def _vocabulary(rng: np.random.Generator, size: int) -> Text:
    parts = [rng.choice(choice, size * 2) for choice in (_ONSETS, _VOWELS, _ENDS, _ONSETS, _VOWELS, _ENDS)]
    long = rng.random(size * 2) < 0.6
    words = [
        "".join(six if has_two else six[:3]).capitalize()
        for six, has_two in zip(zip(*parts, strict=True), long, strict=True)
    ]
    return np.array(list(dict.fromkeys(words))[:size], dtype=object)


def _skewed(rng: np.random.Generator, words: Text, rows: int, exponent: float) -> Text:
    weights = 1.0 / np.arange(5, len(words) + 5) ** exponent
    return words[rng.choice(len(words), rows, p=weights / weights.sum())]


def _people(rng: np.random.Generator, count: int, contact: float) -> dict[str, Any]:
    namer = NickNamer()
    formal = np.array(sorted(name.capitalize() for name in namer.nickname_lookup), dtype=object)
    homes = max(count * 2 // 3, 1)
    home = rng.integers(0, homes, count)
    surname = _skewed(rng, _vocabulary(rng, 20_000), homes, 0.8)
    streets, cities = _vocabulary(rng, 3_000), _vocabulary(rng, 2_000)
    area = rng.integers(0, max(homes // 30, 1), homes * 2)
    given = _skewed(rng, rng.permutation(formal), count, 0.8)
    family = np.where(rng.random(count) < 0.85, surname[home], _skewed(rng, surname, count, 0.1))
    number = rng.integers(1, 9_999, count)
    handles = [f"{a}.{b}{n}".lower() for a, b, n in zip(given, family, number, strict=True)]
    email = np.array([f"{one}@{rng_host}" for one, rng_host in zip(handles, rng.choice(_HOSTS, count), strict=True)])
    phone = np.array(
        [f"+1 2{n // 10**7:02d} {n // 10**4 % 1000:03d} {n % 10**4:04d}" for n in rng.integers(0, 10**9, count)]
    )
    house = rng.integers(1, 200, homes * 2)
    return {
        "given_name": given,
        "family_name": family,
        "home": home,
        "homes": np.full(count, homes),
        "house": house[home],
        "street": _skewed(rng, streets, homes * 2, 0.5)[home],
        "kind": rng.integers(0, len(_KINDS), homes * 2)[home],
        "city": cities[(area // 4) % len(cities)][home],
        "postal_code": (10_000 + area)[home].astype(str).astype(object),
        "birth_date": (np.datetime64("1935-01-01") + rng.integers(0, 25_500, count)).astype(str).astype(object),
        "email": np.where(rng.random(count) < contact, email, None),
        "phone": np.where(rng.random(count) < contact, phone, None),
    }


def _records(rng: np.random.Generator, rows: dict[str, Any], noise: Noise) -> pd.DataFrame:
    count = len(rows["given_name"])

    def chance(share: float) -> npt.NDArray[np.bool_]:
        return rng.random(count) < share

    given, family = _nicknames(rows["given_name"], chance(noise.nickname)), rows["family_name"].copy()
    swapped = chance(noise.swapped)
    given[swapped], family[swapped] = family[swapped], given[swapped]
    moved = chance(noise.moved)
    other = rng.integers(0, count, count)
    home = {name: np.where(moved, rows[name][other], rows[name]) for name in ("house", "street", "city", "postal_code")}
    kinds = np.where(chance(0.4), np.array(_SHORT)[rows["kind"]], np.array(_KINDS)[rows["kind"]])
    street = np.array(
        [f"{n} {s} {k}" for n, s, k in zip(home["house"], home["street"], kinds, strict=True)], dtype=object
    )
    columns = {
        "given_name": given,
        "family_name": family,
        "street_address": street,
        "city": home["city"],
        "postal_code": home["postal_code"],
        "birth_date": rows["birth_date"],
        "email": rows["email"],
        "phone": rows["phone"],
    }
    for name, values in columns.items():
        spoilt = _misspelt(rng, values, chance(noise.misspelt), digits=name in ("postal_code", "birth_date", "phone"))
        wrong = np.where(chance(noise.wrong), rng.permutation(values), spoilt)
        columns[name] = np.where(chance(noise.absent), None, wrong)
    arrived = _EPOCH + rng.integers(0, 86_400 * 300, count)
    return pd.DataFrame(
        {
            "identifier_key": rng.permutation(count) + 1,
            "received_at": pd.to_datetime(arrived).tz_localize("UTC").astype("datetime64[us, UTC]"),
            **columns,
        }
    )


def _nicknames(given: Text, used: npt.NDArray[np.bool_]) -> Text:
    namer = NickNamer()
    short = {name: min(namer.nicknames_of(name) or {name}).capitalize() for name in set(given[used])}
    changed = given.copy()
    changed[used] = [short[name] for name in given[used]]
    return changed


def _misspelt(rng: np.random.Generator, values: Text, spoilt: npt.NDArray[np.bool_], *, digits: bool) -> Text:
    changed = np.array(values, dtype=object)
    for row in np.flatnonzero(spoilt):
        if changed[row]:
            changed[row] = _slip(rng, str(changed[row]), digits=digits)
    return changed


def _slip(rng: np.random.Generator, word: str, *, digits: bool) -> str:
    places = [place for place, letter in enumerate(word) if letter.isdigit()] if digits else range(len(word))
    place = int(rng.choice(list(places)))
    if digits:
        return word[:place] + str(rng.integers(0, 10)) + word[place + 1 :]
    letter = str(rng.choice(_LETTERS))
    kind = rng.integers(0, 4)
    if kind == 3 and place + 1 < len(word):
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word[:place] + ("" if kind == 0 else letter) + word[place + (kind != 1) :]
