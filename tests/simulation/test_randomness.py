"""Streams and opaque identifiers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.stats import chisquare

from simulation.randomness import opaque, scrambled, stream


def test_a_stream_repeats_and_differs_by_name_and_seed() -> None:
    first = stream(3, "people").random(50)
    assert np.array_equal(first, stream(3, "people").random(50))
    assert not np.array_equal(first, stream(3, "devices").random(50))
    assert not np.array_equal(first, stream(4, "people").random(50))


def test_a_negative_seed_is_refused_with_its_bound() -> None:
    with pytest.raises(ValueError, match="seed: -1 must be at least 0"):
        stream(-1, "people")


def test_opaque_identifiers_never_repeat_and_have_one_form() -> None:
    names = opaque(5, "cookie", np.arange(50_000), "ck-")
    assert len(set(names)) == 50_000
    assert all(re.fullmatch(r"ck-[0-9a-f]{16}", name) for name in names[:500])


def test_identifiers_of_two_names_do_not_meet() -> None:
    index = np.arange(20_000)
    assert not set(scrambled(5, "cookie", index).tolist()) & set(scrambled(5, "device", index).tolist())


@pytest.mark.parametrize("shift", [0, 24, 60])
def test_scrambled_bits_are_uniform(shift: int) -> None:
    nibble = (scrambled(9, "session", np.arange(64_000)) >> np.uint64(shift)) & np.uint64(15)
    assert chisquare(np.bincount(nibble.astype(np.int64), minlength=16)).pvalue > 1e-4
