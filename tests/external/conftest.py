"""Data kept outside the repository: these tests exist only where `CONCIERGE_EXTERNAL_DATA` points to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.system.parsed_project import parsed_project

__all__ = ["external_data", "parsed_project"]

EXTERNAL = os.environ.get("CONCIERGE_EXTERNAL_DATA", "")
collect_ignore_glob = [] if EXTERNAL else ["test_*.py"]


@pytest.fixture(scope="session")
def external_data() -> Path:
    folder = Path(EXTERNAL).resolve()
    assert folder.is_dir(), f"CONCIERGE_EXTERNAL_DATA: {folder} is not a folder"
    return folder
