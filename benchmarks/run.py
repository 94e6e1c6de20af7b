"""`make bench`: every benchmark, one after the other, each in a process of its own."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import version

BENCHMARKS = ("intake", "serving", "identity", "matching", "identity_quality", "pipeline")
PACKAGES = ("duckdb", "pyarrow", "lightgbm", "numba", "scipy", "splink", "lmdb", "uvicorn", "starlette", "msgspec")


def main() -> int:
    """Print machine and versions, then run each benchmark; the first failure ends it."""
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()} {platform.release()}")
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    for name in BENCHMARKS:
        print(f"\n{name}")
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
