"""Stands in for the dbt executable: hands its arguments to the warm process and ends as the command there ends.

Run as a file under `python -S`, of the standard library alone, so that a start costs next to nothing. Where no warm
process answers, dbt itself takes this process's place.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

ADDRESS = "CONCIERGE_WARM_DBT"
READY = b"r"
PASSED_ON = (signal.SIGINT, signal.SIGTERM)
# A command that was asked to end and goes on is killed.
PATIENCE_SECONDS = 10.0
# What a shell says of a command that was killed.
KILLED = 128 + signal.SIGKILL


def main() -> NoReturn:
    """Run the command line `dbt …` in the warm process."""
    connection = _connected(os.environ.get(ADDRESS, ""))
    if connection is None:
        _plain_dbt()
    try:
        _send_request(connection)
        answered = connection.recv(1) == READY
    except OSError:
        answered = False
    if not answered:
        _plain_dbt()
    _pass_signals_on(connection, _fork_of(connection))
    sys.exit(_outcome(connection))


def owner(connection: socket.socket) -> int:
    """User id of the process at the other end of a Unix socket."""
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(user)


def _connected(name: str) -> socket.socket | None:
    """A connection to the warm process of this user; an address without a file has no permissions of its own."""
    if not name:
        return None
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(f"\0{name}")
    except OSError:
        return None
    return connection if owner(connection) == os.getuid() else None


def _send_request(connection: socket.socket) -> None:
    request = {"arguments": sys.argv[1:], "folder": str(Path.cwd()), "environment": dict(os.environ)}
    body = json.dumps(request).encode()
    socket.send_fds(connection, [struct.pack("!I", len(body))], [1, 2])
    connection.sendall(body)


def _fork_of(connection: socket.socket) -> int:
    """Process id of the fork that runs the command, as the system knows it."""
    number = connection.recv(struct.calcsize("!I"), socket.MSG_WAITALL)
    return int(struct.unpack("!I", number)[0])


def _pass_signals_on(connection: socket.socket, fork: int) -> None:
    """Signals reach the fork, also where whoever started this process had blocked or ignored them."""

    def passed_on(number: int, _: FrameType | None) -> None:
        if number == signal.SIGTERM:
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)
        connection.sendall(bytes([number]))

    def gone_by(_number: int, _: FrameType | None) -> None:
        os.kill(fork, signal.SIGKILL)

    signal.signal(signal.SIGALRM, gone_by)
    for number in PASSED_ON:
        signal.signal(number, passed_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*PASSED_ON, signal.SIGALRM))


def _outcome(connection: socket.socket) -> int:
    try:
        code = connection.recv(1)
    except OSError:
        code = b""
    return code[0] if code else KILLED


def _plain_dbt() -> NoReturn:
    dbt = str(Path(sys.executable).parent / "dbt")
    os.execv(dbt, [dbt, *sys.argv[1:]])  # noqa: S606 - our own executable


if __name__ == "__main__":
    main()
