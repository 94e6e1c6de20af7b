"""One warm process for each process that runs dbt, kept from one command to the next."""

from __future__ import annotations

import atexit
import os
import secrets
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class WarmDbt:
    """A warm process, the project it has parsed, and the address at which it takes commands."""

    project: str
    address: str
    process: subprocess.Popen[bytes]

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def close(self) -> None:
        """End it; a command it has started goes on."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait()


# By process: a fork of one that had a warm dbt takes its own.
_warm: dict[int, WarmDbt] = {}


def warm_dbt(project: str, folder: Path) -> str:
    """Address of this process's warm dbt; "" where there can be none and dbt is started as ever.

    Args:
        project: what has been parsed, told by a hash; for another one another warm process is started.
        folder: the dbt project; what has been parsed of it lies in `DBT_TARGET_PATH`.
    """
    # Addresses without a file, which nothing has to take away again, exist on Linux alone.
    if sys.platform != "linux":
        return ""
    warm = _warm.get(os.getpid())
    if warm is None or warm.project != project or not warm.is_alive:
        end_warm_dbt()
        warm = _warm[os.getpid()] = _start(project, folder)
    return warm.address


def held() -> WarmDbt:
    """This process's warm dbt.

    Raises:
        KeyError: there is none.
    """
    return _warm[os.getpid()]


@atexit.register
def end_warm_dbt() -> None:
    """End this process's warm dbt, if there is one; the next command starts another."""
    warm = _warm.pop(os.getpid(), None)
    if warm is not None:
        warm.close()


def _start(project: str, folder: Path) -> WarmDbt:
    address = f"concierge-dbt-{secrets.token_hex(16)}"
    with socket.socket(socket.AF_UNIX) as door:
        # Listened at before it can answer: a command sent meanwhile waits.
        door.bind(f"\0{address}")
        door.listen()
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "orchestration.warm_dbt.host", str(door.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            pass_fds=[door.fileno()],
            start_new_session=True,
        )
    return WarmDbt(project, address, process)
