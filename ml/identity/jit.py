"""Machine code for the loops that numpy cannot express."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile `function` on its first call and keep the result beside its source file.

    The kept code is renewed when that file changes, not when a function from another file does: kernels that call
    each other, and the constants they read, live in one file.
    """
    return cast("Function", numba.njit(cache=True)(function))
