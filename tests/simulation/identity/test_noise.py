"""How names, streets, dates and numbers are written."""

from __future__ import annotations

import numpy as np

from intake.hashing import normalise
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.name_lists import family_names, given_names, respellings
from simulation.identity.noise import slip, written_births, written_names, written_phones, written_streets
from simulation.identity.sightings import UNKNOWN

RNG_SEED = 4


def _knobs(**changes: float) -> IdentityKnobs:
    return IdentityKnobs(**{**dict.fromkeys(("nickname_share", "typo_share", "transliteration_share"), 0.0), **changes})


def test_names_are_right_without_noise() -> None:
    names, codes = given_names()[0], np.arange(200)
    assert written_names(np.random.default_rng(RNG_SEED), names, codes, _knobs()) == [
        names.names[code] for code in codes
    ]


def test_nicknames_replace_names_that_have_one() -> None:
    names = given_names()[0]
    codes = np.arange(len(names.names))
    written = written_names(np.random.default_rng(RNG_SEED), names, codes, _knobs(nickname_share=1.0))
    for text, name, short in zip(written, names.names, names.nicknames, strict=True):
        assert text in (short or (name,))


def test_accents_are_written_otherwise() -> None:
    assert respellings("Müller") == ("Mueller", "Muller")
    assert respellings("Smith") == ()
    names = family_names()
    code = names.names.index("Schäfer")
    written = written_names(
        np.random.default_rng(RNG_SEED), names, np.full(50, code), _knobs(transliteration_share=1.0)
    )
    assert set(written) == {"Schaefer", "Schafer"}


def test_a_slip_changes_one_place_and_keeps_the_first_letter() -> None:
    for draw in range(4_000):
        text = slip("Robertson", draw)
        assert text[0] == "R"
        assert abs(len(text) - len("Robertson")) <= 1
    assert slip("Lee", 1) == "Lee"


def test_streets_keep_their_number() -> None:
    streets = [f"{number} Maple Street" for number in range(1, 500)]
    written = written_streets(np.random.default_rng(RNG_SEED), streets, _knobs(typo_share=1.0))
    assert [text.split()[0] for text in written] == [text.split()[0] for text in streets]
    assert any(text.endswith(" St") for text in written)


def test_exchanged_and_missing_birth_dates_are_not_trusted() -> None:
    born = np.datetime64("1980-03-07").astype("datetime64[D]").astype(np.int64) + np.zeros(2_000, dtype=np.int64)
    knobs = IdentityKnobs(missing_birth_share=0.2, swapped_birth_share=0.1)
    text, legible = written_births(np.random.default_rng(RNG_SEED), born, knobs)
    for date, trusted in zip(text, legible.tolist(), strict=True):
        assert date in (None, "1980-03-07", "1980-07-03")
        assert (trusted == UNKNOWN) == (date != "1980-03-07")


def test_phones_are_one_number_however_they_are_written() -> None:
    written = written_phones(np.random.default_rng(RNG_SEED), ["6135551234"], np.zeros(100, dtype=np.int64))
    assert len(set(written)) == 4
    assert {normalise("phone", str(text)) for text in written} == {"+16135551234"}
