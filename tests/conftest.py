"""Property tests draw the same examples in every run: a red build is a fault of the change, not of the day."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
