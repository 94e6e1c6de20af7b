"""Property tests draw the same examples in every run: a red build is a fault of the change, not of the day."""

from __future__ import annotations

import gc

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


def pytest_collection_finish() -> None:
    """Look for cycles rarely, and not among the libraries, which stay: a tenth of the tests' CPU time went there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
