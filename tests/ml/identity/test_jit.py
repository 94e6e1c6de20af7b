"""Kernels that call kernels of other files: kept, renewed, and interpreted."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ml.identity import jit

KERNEL = "from ml.identity.jit import kernel\n"
STEP = KERNEL + "BY = {by}\n@kernel\ndef step(n):\n    return n + BY\n"
WALK = KERNEL + "from jitted.step import step\n@kernel\ndef walk(n):\n    return step(step(n))\n"


@pytest.fixture
def walking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Callable[[int], int]]]:
    """A kernel that takes two steps, of a length that is given, with one of another file; as a new process finds it."""
    folder = tmp_path / "jitted"
    folder.mkdir()
    (folder / "walk.py").write_text(WALK)
    monkeypatch.syspath_prepend(str(tmp_path))

    def made(by: int) -> Callable[[int], int]:
        (folder / "step.py").write_text(STEP.format(by=by))
        _forget()
        walk: Callable[[int], int] = importlib.import_module("jitted.walk").walk
        return walk

    yield made
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "jitted"]:
        del sys.modules[name]
    jit._folder_stamp.cache_clear()
    jit._plain_names.cache_clear()
    importlib.invalidate_caches()


def test_kept_code_is_renewed_when_a_kernel_of_another_file_changes(
    walking: Callable[[int], Callable[[int], int]], tmp_path: Path
) -> None:
    assert walking(1)(0) == 2
    kept = set(tmp_path.rglob("*.nbc"))
    assert kept
    assert walking(1)(0) == 2
    assert set(tmp_path.rglob("*.nbc")) == kept
    assert walking(500)(0) == 1000


def test_a_kernel_is_interpreted_with_those_of_other_files(walking: Callable[[int], Callable[[int], int]]) -> None:
    walk = jit.fitting(walking(3), steps=1)
    assert walk(0) == 6
    assert "jitted" in walk.__globals__["step"].__module__
    assert type(walk.__globals__["step"]) is type(_forget)
