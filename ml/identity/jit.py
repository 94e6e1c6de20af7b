"""Machine code for the loops that numpy cannot express, or plain Python where there is too little to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, Final, TypeVar, cast

import numba
from numba.core.registry import CPUDispatcher

Function = TypeVar("Function", bound=Callable[..., object])

INTERPRETED_UP_TO: Final = 300_000
"""Steps that are interpreted: 60,000 take 2 CPU seconds then, and compiling the ledger's kernels 40 once."""


def kernel(function: Function) -> Function:
    """Compile `function` on its first call and keep the result beside its source file.

    The kept code is renewed when that file changes, not when a function from another file does: kernels that call
    each other, and the constants they read, live in one file.
    """
    return cast("Function", numba.njit(cache=True)(function))


def fitting(function: Function, steps: int) -> Function:
    """The kernel itself, or where `steps` are few the same code interpreted; the results are the same."""
    return function if steps > INTERPRETED_UP_TO else interpreted(function)


def interpreted(function: Function) -> Function:
    """A kernel as plain Python, and with it every kernel of its file that it calls."""
    plain = cast("CPUDispatcher", function).py_func
    return cast("Function", _plain_names(plain.__module__)[plain.__name__])


@cache
def _plain_names(module: str) -> dict[str, Any]:
    names = dict(vars(sys.modules[module]))
    for name, value in vars(sys.modules[module]).items():
        if isinstance(value, CPUDispatcher):
            plain = value.py_func
            names[name] = FunctionType(plain.__code__, names, name, plain.__defaults__)
    return names
