"""`make bench-learning`: the targets of the learning side in one table, each part in a process of its own.

`python -m benchmarks.learning bandit offpolicy` runs some of the parts only. The exit code is 1 where a target is
missed or a part broke.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

PARTS = ("bandit", "draws", "statistics", "offpolicy", "hourly")
# What a part calls the function that returns its rows.
ENTRIES = ("measures", "rows", "run")
IS_MET = {True: "yes", False: "NO", None: ""}
MARK = "--part"


def main(names: Sequence[str]) -> int:
    """Run each part in a process of its own; 1 if one of them broke or missed a target."""
    failed = 0
    print("| measure | value | target | met |\n|---|---|---|---|", flush=True)
    for name in names or PARTS:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "benchmarks.learning", MARK, name]
        failed += subprocess.run(command, check=False, env=environment).returncode != 0
    return 1 if failed else 0


def part(name: str) -> int:
    """Print the rows of one part as they come; 1 if one of them misses its target."""
    missed = told(rows_of(name))
    print(f"| CPU seconds of {name} | {time.process_time():.0f} | | |", flush=True)
    return 1 if missed else 0


def rows_of(name: str) -> Iterable[Any]:
    """The rows that a part measures: 3 or 4 columns each."""
    module = importlib.import_module(f"benchmarks.learning_{name}")
    entry: Callable[[], Iterable[Any]] = next(getattr(module, each) for each in ENTRIES if hasattr(module, each))
    return entry()


def told(rows: Iterable[Any]) -> int:
    """Print each row; how many miss their target."""
    missed = 0
    for row in rows:
        line, is_met = _line(row)
        print(line, flush=True)
        missed += is_met is False
    return missed


def _line(row: Any) -> tuple[str, bool | None]:
    """A row of 3 or 4 columns, and whether it is met; a bare number as target is the most allowed."""
    measure, value, target, *rest = row
    met = None if not rest or rest[0] is None else bool(rest[0])
    if not rest and isinstance(value, int | float) and isinstance(target, int | float):
        met = value <= target
    shown = f"{value:,.3g}" if isinstance(value, float) and value < 1e4 else str(value)
    aim = "" if target is None else f"<= {target:g}" if isinstance(target, int | float) else str(target)
    return f"| {measure} | {shown} | {aim} | {IS_MET[met]} |", met


if __name__ == "__main__":
    raise SystemExit(part(sys.argv[2]) if sys.argv[1:2] == [MARK] else main(sys.argv[1:]))
