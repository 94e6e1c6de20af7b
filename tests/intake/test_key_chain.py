"""A chain of keys: old hashes become new ones without the clear value, and both name the same identifier."""

from __future__ import annotations

import hmac
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.hashing import (
    CHAIN,
    HASH_PATTERN,
    MAX_KEYS,
    generation_of,
    hash_identifier,
    identifier_key,
    keyed_hash,
    name_of,
    upgraded,
)
from intake.identifiers import Hasher
from intake.keys import KeyProblem, identifier_key_bytes, later_key_file
from intake.paths import DataPaths

KEYS = [f"key number {number:02d} of the chain".encode() for number in range(MAX_KEYS)]


def chain(length: int) -> bytes:
    return CHAIN.join(KEYS[:length])


@given(st.text(min_size=1, max_size=40), st.integers(1, MAX_KEYS), st.integers(1, MAX_KEYS))
def test_upgrading_an_old_hash_gives_what_the_clear_value_gives(value: str, older: int, newer: int) -> None:
    older, newer = sorted((older, newer))
    old, new = keyed_hash(chain(older), "email", value), keyed_hash(chain(newer), "email", value)
    assert upgraded(chain(newer), old) == new
    assert upgraded(chain(newer), new) == new
    assert (generation_of(old), generation_of(new)) == (older, newer)
    assert identifier_key(old) == identifier_key(new)
    assert name_of(old) == name_of(new)
    assert re.fullmatch(HASH_PATTERN[1:-1], new)
    assert (old == new) == (older == newer)


def test_a_single_key_hashes_as_ever_and_the_second_is_an_hmac_of_the_first_hash() -> None:
    plain = hmac.digest(KEYS[0], b"email:ann@shop.example", "sha256").hex()[:32]
    assert hash_identifier(KEYS[0], "email", " Ann@Shop.example ") == plain
    second = hash_identifier(chain(2), "email", "ann@shop.example")
    assert second == plain[:15] + "g" + hmac.digest(KEYS[1], plain.encode(), "sha256").hex()[:16]


def test_hashed_columns_are_brought_up_to_the_newest_key() -> None:
    old, new = (keyed_hash(chain(length), "email", "ann@shop.example") for length in (1, 3))
    column = pa.array([old, new, None, "no hash", old.upper()])
    assert Hasher(chain(3)).hashes(column).to_pylist() == [new, new, None, None, None]
    assert Hasher(chain(1)).hashes(column).to_pylist() == [old, new, None, None, None]


def test_the_chain_is_read_from_the_key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_KEY", KEYS[0].decode())
    paths = DataPaths(tmp_path)
    paths.keys.mkdir()
    assert identifier_key_bytes(paths) == KEYS[0]
    later_key_file(paths, 2).write_bytes(KEYS[1] + b"\n")
    later_key_file(paths, 3).write_bytes(KEYS[2])
    assert identifier_key_bytes(paths) == chain(3)
    later_key_file(paths, 2).unlink()
    with pytest.raises(KeyProblem, match=r"identifier\.2\.key: is missing"):
        identifier_key_bytes(paths)
    later_key_file(paths, 2).write_bytes(b"short")
    with pytest.raises(KeyProblem, match="5 bytes; at least 16"):
        identifier_key_bytes(paths)
    later_key_file(paths, 2).write_bytes(b"sixteen bytes and \0 one")
    with pytest.raises(KeyProblem, match="NUL"):
        identifier_key_bytes(paths)
