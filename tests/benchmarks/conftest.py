"""A package of the same name comes with recordlinkage: the project's own benchmarks stand before it."""

from __future__ import annotations

import sys

from intake.paths import repository_root

sys.path.insert(0, str(repository_root()))
