"""Machine code for the loops that numpy cannot express, or plain Python where there is too little to do."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, Final, TypeVar, cast

import numba
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.core.registry import CPUDispatcher

Function = TypeVar("Function", bound=Callable[..., object])

INTERPRETED_UP_TO: Final = 300_000
"""Steps that are interpreted: 60,000 take 2 CPU seconds then, and compiling the ledger's kernels 40 once."""


class _FolderStamped:
    """Makes kept code that any file of the folder renews."""

    _py_file: str

    def get_source_stamp(self) -> str:
        """A hash of all that the kernels of the folder can call and read."""
        return _folder_stamp(Path(self._py_file).parent)


class _WhereToldTo(_FolderStamped, UserProvidedCacheLocator):  # type: ignore[misc]
    """Kept under `NUMBA_CACHE_DIR`, where that is set."""


class _BesideSource(_FolderStamped, InTreeCacheLocator):  # type: ignore[misc]
    """Kept in `__pycache__`."""


class _InUsersCache(_FolderStamped, UserWideCacheLocator):  # type: ignore[misc]
    """Kept in the user's own cache, where nobody may write beside the source."""


class _Kept(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_WhereToldTo, _BesideSource, _InUsersCache)


class _FolderCache(FunctionCache):  # type: ignore[misc]
    _impl_class = _Kept


@cache
def _folder_stamp(folder: Path) -> str:
    contents = (file.name.encode() + file.read_bytes() for file in sorted(folder.glob("*.py")))
    return hashlib.sha256(b"".join(contents)).hexdigest()


def kernel(function: Function) -> Function:
    """Compile `function` on its first call and keep the result beside its source file.

    numba by itself renews kept code when that file changes, not when a kernel or constant of another file does. Here it
    is renewed with any file of the folder: kernels that call each other, and the constants they read, live in one.
    """
    compiled = numba.njit(function)
    compiled._cache = _FolderCache(function)
    return cast("Function", compiled)


def fitting(function: Function, steps: int) -> Function:
    """The kernel itself, or where `steps` are few the same code interpreted; the results are the same."""
    return function if steps > INTERPRETED_UP_TO else interpreted(function)


def interpreted(function: Function) -> Function:
    """A kernel as plain Python, and with it every kernel that it calls."""
    plain = cast("CPUDispatcher", function).py_func
    return cast("Function", _plain_names(plain.__module__)[plain.__name__])


@cache
def _plain_names(module: str) -> dict[str, Any]:
    names = dict(vars(sys.modules[module]))
    for name, value in vars(sys.modules[module]).items():
        if isinstance(value, CPUDispatcher):
            plain = value.py_func
            own = plain.__module__ == module
            names[name] = FunctionType(plain.__code__, names, name, plain.__defaults__) if own else interpreted(value)
    return names
