"""`make bench-learning`: the targets of the learning side in one table, each part in a process of its own.

`python -m benchmarks.learning bandit offpolicy` runs some of the parts only.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any

PARTS = ("bandit", "draws", "statistics", "offpolicy", "hourly")
# What a part calls the function that returns its rows; one that has none prints them itself.
ENTRIES = ("measures", "rows", "run")
IS_MET = {True: "yes", False: "NO", None: ""}
MARK = "--part"


def main(names: Sequence[str]) -> int:
    """Run each part in a process of its own; 1 if one of them broke."""
    failed = 0
    print("| measure | value | target | met |\n|---|---|---|---|")
    for name in names or PARTS:
        if find_spec(f"benchmarks.learning_{name}") is None:
            print(f"| {name}: not part of this version | | | |", flush=True)
            continue
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "benchmarks.learning", MARK, name]
        failed += subprocess.run(command, check=False, env=environment).returncode != 0
    return 1 if failed else 0


def part(name: str) -> None:
    """Print the rows of one part as they come."""
    module = importlib.import_module(f"benchmarks.learning_{name}")
    entry = next((getattr(module, each) for each in ENTRIES if callable(getattr(module, each, None))), None)
    if entry is None:
        _spoken(name)
        return
    for row in _called(entry):
        print(_line(row), flush=True)
    print(f"| CPU seconds of {name} | {time.process_time():.0f} | | |", flush=True)


def _called(entry: Callable[[], Iterable[Any]]) -> Iterable[Any]:
    return entry()


def _spoken(name: str) -> None:
    """A part that only prints: what it says, line by line, as measures."""
    said = subprocess.run(
        [sys.executable, "-m", f"benchmarks.learning_{name}"], check=True, stdout=subprocess.PIPE, text=True
    )
    for line in filter(None, said.stdout.splitlines()):
        measure, _, value = line.rpartition(": ")
        print(f"| {measure} | {value} | | |", flush=True)


def _line(row: Any) -> str:
    """A row of 3 or 4 columns; a bare number as target is the most allowed."""
    measure, value, target, *rest = row
    met = rest[0] if rest else None
    if not rest and isinstance(value, int | float) and isinstance(target, int | float):
        met = value <= target
    shown = f"{value:,.3g}" if isinstance(value, float) and value < 1e4 else str(value)
    aim = "" if target is None else f"<= {target:g}" if isinstance(target, int | float) else str(target)
    return f"| {measure} | {shown} | {aim} | {IS_MET.get(met, str(met))} |"


if __name__ == "__main__":
    if sys.argv[1:2] == [MARK]:
        part(sys.argv[2])
    else:
        raise SystemExit(main(sys.argv[1:]))
