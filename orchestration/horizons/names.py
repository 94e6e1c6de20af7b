"""What the two horizons of a model are called."""

from __future__ import annotations

from typing import Final

NEAR_SUFFIX: Final = "_near"
