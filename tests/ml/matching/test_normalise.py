"""Spellings of one person, address or number end up as one value."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.matching.names import formal_name, formal_names, sound
from ml.matching.normalise import COMPARED, normalise
from ml.matching.text import ascii_letters


def one(**roles: str | None) -> dict[str, str | None]:
    row = normalise(pd.DataFrame([roles], dtype=object)).iloc[0]
    return {name: None if pd.isna(row[name]) else str(row[name]) for name in COMPARED}


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Zoë", "zoe"), ("Łukasz", "lukasz"), ("STRAßE", "strasse"), ("Иван", "ivan"), ("Αθηνά", "athina"), ("山", "")],
)
def test_letters_of_other_scripts(text: str, plain: str) -> None:
    assert ascii_letters(text) == plain


@pytest.mark.parametrize(
    ("roles", "given", "family", "suffix"),
    [
        ({"full_name": "Dr. John Smith Jr."}, "john", "smith", "junior"),
        ({"full_name": "Smith, John"}, "john", "smith", None),
        ({"full_name": "Smith Sr, John"}, "john", "smith", "senior"),
        ({"full_name": "Mary Ann O'Brien"}, "mary ann", "obrien", None),
        ({"full_name": "Cher"}, None, "cher", None),
        ({"full_name": " , "}, None, None, None),
        ({"given_name": "Jürgen", "family_name": "Müller"}, "jurgen", "muller", None),
        ({"given_name": "Juergen", "family_name": "Mueller"}, "juergen", "muller", None),
        ({"given_name": "Ann", "family_name": "Smith III"}, "ann", "smith", "third"),
        ({"given_name": "Ann", "full_name": "Bob Miller"}, "ann", None, None),
        ({"given_name": "", "family_name": None}, None, None, None),
    ],
)
def test_names(roles: dict[str, str], given: str | None, family: str | None, suffix: str | None) -> None:
    row = one(**roles)
    assert (row["given"], row["family"], row["suffix"]) == (given, family, suffix)


def test_nicknames_have_one_formal_name() -> None:
    assert formal_name("bill") == formal_name("willie") == formal_name("will") == formal_name("william") == "william"
    assert formal_name("jack") == formal_name("john") == "john"
    assert formal_name("liz") == formal_name("beth") == "elizabeth"
    assert formal_name("zaphod") == "zaphod"
    assert formal_names("bill") & formal_names("william")


@pytest.mark.parametrize(("one_name", "other"), [("meyer", "meier"), ("smith", "smyth"), ("philips", "filips")])
def test_family_names_that_sound_alike(one_name: str, other: str) -> None:
    assert sound(one_name) == sound(other) != sound("andersson")


@pytest.mark.parametrize(
    ("written", "house", "street"),
    [
        ("12 High Street", "12", "high"),
        ("High St. 12", "12", "high"),
        ("012 HIGH STREET, Apt 3", "12", "high"),
        ("The Street", None, "thestreet"),
        ("Station Road", None, "station"),
        (" ", None, None),
    ],
)
def test_addresses(written: str, house: str | None, street: str | None) -> None:
    row = one(street_address=written)
    assert (row["house"], row["street"]) == (house, street)


def test_numbers_and_addresses_of_one_contact() -> None:
    assert one(phone="+1 (212) 555-0999")["phone"] == one(phone="212 555 0999")["phone"] == "125550999"
    assert one(phone="555")["phone"] is None
    assert one(email=" Ann+Shop@Mail.com")["email"] == "ann+shop@mail.com"
    assert one(email="Ann+Shop@Mail.com")["mailbox"] == "ann"
    assert one(email="nobody")["email"] is None
    assert one(birth_date="1980-02-03")["birth_date"] == one(birth_date="19800203")["birth_date"] == "19800203"
    assert one(birth_date="1980")["birth_date"] is None


def test_a_frame_may_lack_any_role_and_any_row() -> None:
    assert normalise(pd.DataFrame({"identifier_key": [1, 2]})).isna().all().all()
    assert len(normalise(pd.DataFrame({"given_name": []}))) == 0
