"""What a likeness of two different e-mail addresses is worth: nothing where it is only the likeness of the names."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import numpy as np
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cpdist

from ml.matching.commonness import Floats, Mask, Pairs
from ml.matching.frames import Whole
from ml.matching.model import Model, level_weights

TELLING_DIGITS: Final = 3
"""Digits that namesakes hardly share by chance; a year of birth in two digits they do."""

MADE_OF_NAMES: Final = 0.85
"""Jaro-Winkler similarity from which the letters before the @ are taken as the person's names."""

LOOKS_ALIKE: Final = 0.93
LONG_MAILBOX: Final = 5
"""As in the levels of `comparisons`."""


class Owner(NamedTuple):
    """Whose address it is said to be; empty text where nothing is said."""

    email: str
    mailbox: str
    given: str
    family: str


def lookalikes(pairs: Pairs, model: Model) -> Floats:
    """For each pair what its odds are to be multiplied by, 1 or less.

    john.smith12@ and john.smith13@ are two addresses and no slip of the pen: digits that differ make them different.
    Where letters are the person's names and digits too few to tell, likeness says what the names said already.
    """
    factor = np.ones(len(pairs.a))
    worth = {name: level_weights(model, "email", name).odds for name in ("other provider", "misspelt", "different")}
    moved, alike = _alike(pairs)
    for level, where in (("other provider", moved), ("misspelt", alike & ~moved)):
        rows = np.flatnonzero(where)
        for row, one, two in zip(rows, _owners(pairs, pairs.a[rows]), _owners(pairs, pairs.b[rows]), strict=True):
            if _digits(one.mailbox) != _digits(two.mailbox):
                factor[row] = min(1.0, worth["different"] / worth[level])
            elif len(_digits(one.mailbox)) < TELLING_DIGITS and (_is_name(one) or _is_name(two)):
                factor[row] = min(1.0, 1 / worth[level])
    return factor


def _alike(pairs: Pairs) -> tuple[Mask, Mask]:
    """Where two different addresses have one mailbox, and where they look alike."""
    email, mailbox = (pairs.normal[column].fillna("").to_numpy(dtype=object) for column in ("email", "mailbox"))
    one, two = email[pairs.a], email[pairs.b]
    other = (one != "") & (two != "") & (one != two)
    shared = mailbox[pairs.a]
    moved = other & (shared == mailbox[pairs.b]) & np.array([len(name) >= LONG_MAILBOX for name in shared], dtype=bool)
    alike = np.zeros(len(other), dtype=bool)
    alike[other] = cpdist(one[other], two[other], scorer=JaroWinkler.similarity) >= LOOKS_ALIKE
    return moved, alike


def _owners(pairs: Pairs, rows: Whole) -> list[Owner]:
    said = pairs.normal[list(Owner._fields)].iloc[rows].fillna("")
    return [Owner(*values) for values in said.itertuples(index=False, name=None)]


def _digits(mailbox: str) -> str:
    return re.sub(r"[^0-9]", "", mailbox)


def _is_name(owner: Owner) -> bool:
    letters = re.sub(r"[^a-z]", "", owner.mailbox)
    given, family = owner.given.replace(" ", ""), owner.family.replace(" ", "")
    forms = {given + family, family + given, given[:1] + family, given + family[:1], given, family} - {""}
    return not letters or any(JaroWinkler.similarity(letters, form) >= MADE_OF_NAMES for form in forms)
