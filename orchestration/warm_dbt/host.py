"""The warm process: dbt imported, the project parsed, and a fork of it for every command.

It has no thread of its own, so that a fork is whole. Its standard input is held by the process that started it: when
that one ends, however it ends, this one ends too.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import NoReturn

from dbt.artifacts.resources.types import BatchSize
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode
from dbt.parser.manifest import extended_mashumuro_decoder

from orchestration.warm_dbt.client import PASSED_ON, READY, owner

STREAMS = (1, 2)
BATCH_SIZE = "CONCIERGE_BATCH_SIZE"
_POKE_SECONDS = 0.1


class Interrupts:
    """Python notices an interrupt between two of its own steps. One that comes just before the main thread begins to
    wait for a lock is noticed when that waiting ends, so the thread is poked until it has noticed."""

    def __init__(self) -> None:
        self._is_unheard = False

    def listen(self) -> None:
        """Take interrupts from here on as Python does by default; in the main thread."""
        signal.signal(signal.SIGINT, self._heard)
        signal.signal(signal.SIGURG, lambda *_: None)

    def pass_on(self, connection: socket.socket, main: int) -> None:
        """Whatever hits the process that asked hits this one, until that one has ended; `main` is the main thread."""
        while True:
            ready, _, _ = select.select([connection], [], [], _POKE_SECONDS if self._is_unheard else None)
            if not ready:
                signal.pthread_kill(main, signal.SIGURG)
            elif number := connection.recv(1):
                self._is_unheard |= number[0] == signal.SIGINT
                os.kill(os.getpid(), number[0])
            else:
                return

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self._is_unheard = False
        signal.default_int_handler(number, frame)


_INTERRUPTS = Interrupts()


def main(listening: int) -> None:
    """Serve commands on the socket with that file descriptor until standard input ends."""
    signal.signal(signal.SIGCHLD, _reap)
    door = socket.socket(fileno=listening)
    manifest = parsed_project(Path(os.environ["DBT_TARGET_PATH"]))
    _warm_up(manifest)
    gc.collect()
    gc.freeze()
    while True:
        ready, _, _ = select.select([door, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        _take_one(door, manifest)


def parsed_project(target: Path) -> Manifest:
    """What `dbt parse` left in the target folder, with what dbt derives after it has read the file.

    `orchestration.dbt.ensure_manifest` has made sure that it is of these files and of this dbt.
    """
    saved = (target / "partial_parse.msgpack").read_bytes()
    manifest = Manifest.from_msgpack(saved, decoder=extended_mashumuro_decoder)
    manifest.build_parent_and_child_maps()  # type: ignore[no-untyped-call]
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    return manifest


def cut_into_batches(manifest: Manifest) -> list[ModelNode]:
    """Models that dbt builds batch by batch."""
    models = [node for node in manifest.nodes.values() if isinstance(node, ModelNode)]
    return [model for model in models if model.config.incremental_strategy == "microbatch"]


def _warm_up(manifest: Manifest) -> None:
    """Build nothing once: what dbt makes when it first needs it is then there in every fork."""
    dbtRunner(manifest=manifest).invoke(["--quiet", "--no-write-json", "build", "--select", "nothing_of_this_name"])


def _reap(*_: object) -> None:
    """Let ended forks go, their CPU time counted among this process's children."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _take_one(door: socket.socket, manifest: Manifest) -> None:
    connection, _ = door.accept()
    with connection:
        if owner(connection) != os.getuid():
            return
        if os.fork() == 0:
            door.close()
            _answer(connection, manifest)


def _answer(connection: socket.socket, manifest: Manifest) -> NoReturn:
    """In the fork: become the process that asked, run its command, and say how it ended."""
    code = 2
    try:
        arguments = _become(connection)
        connection.sendall(READY + struct.pack("!I", os.getpid()))
        threading.Thread(target=_signals_of, args=(connection, threading.get_ident()), daemon=True).start()
        code = _run(arguments, manifest)
        # dbt closes its database at the end of a process, and takes its locks away.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        connection.sendall(bytes([code]))
    finally:
        os._exit(code)


def _become(connection: socket.socket) -> list[str]:
    head, streams, _, _ = socket.recv_fds(connection, 4, len(STREAMS))
    body = _read(connection, struct.unpack("!I", head)[0])
    request = json.loads(body)
    for ours, theirs in zip(STREAMS, streams, strict=True):
        os.dup2(theirs, ours)
        os.close(theirs)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Whoever started the warm process may have blocked or ignored what is to end a command.
    _INTERRUPTS.listen()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    return [str(argument) for argument in request["arguments"]]


def _read(connection: socket.socket, size: int) -> bytes:
    body = b""
    while len(body) < size:
        part = connection.recv(size - len(body))
        if not part:
            raise ConnectionError(f"the command ended after {len(body)} of {size} bytes")
        body += part
    return body


def _signals_of(connection: socket.socket, main: int) -> None:
    """Whatever hits the process that asked hits this one; when that one was killed, so is this one."""
    _INTERRUPTS.pass_on(connection, main)
    os.kill(os.getpid(), signal.SIGKILL)


def _run(arguments: list[str], manifest: Manifest) -> int:
    # The one setting of a run that dbt fixes when it parses.
    for model in cut_into_batches(manifest):
        model.config.batch_size = BatchSize(os.environ[BATCH_SIZE])
    answer = dbtRunner(manifest=manifest).invoke(arguments)
    if answer.exception is not None:
        sys.stderr.write(f"{answer.exception}\n")
        return 2
    return 0 if answer.success else 1


if __name__ == "__main__":
    main(int(sys.argv[1]))
