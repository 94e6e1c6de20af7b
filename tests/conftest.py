"""The same in every run: property tests draw the same examples, and no file hands its environment to the next."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's affair, and says nothing of what is tried.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # fmt: skip
settings.load_profile("repeatable")


def pytest_collection_finish() -> None:
    """Look for cycles rarely, and not among the libraries, which stay: a tenth of the tests' CPU time went there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    """Runs name their project in the environment; what a file sets there would else decide what the next one finds."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
