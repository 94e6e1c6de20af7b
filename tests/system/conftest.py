"""Long files first, so that the workers end together."""

from __future__ import annotations

import pytest

from tests.system.parsed_project import parsed_project

__all__ = ["parsed_project"]

# In the order of their CPU time: from four minutes to half a minute. The others are shorter.
LONG_FILES = (
    "external/test_online_retail.py",
    "system/test_demo.py",
    "system/test_identity_path.py",
    "system/test_backfill.py",
    "system/test_run_kill.py",
    "system/test_compiled_ledger.py",
    "system/test_dev.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort what is longest to the front; everything else keeps its place."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    name = f"{item.path.parent.name}/{item.path.name}"
    return LONG_FILES.index(name) if name in LONG_FILES else len(LONG_FILES)
