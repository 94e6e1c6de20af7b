"""Starting and stopping the demo's service process."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from orchestration.demo.service import HOST, free_port, last_words, stop

SLEEP = "import time; print('up', flush=True); time.sleep(60)"


def _started(code: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_free_port_can_be_bound() -> None:
    with socket.socket() as listener:
        listener.bind((HOST, free_port()))
        listener.listen()


def test_stop_ends_this_process_and_no_other() -> None:
    with _started(SLEEP) as other:
        with _started(SLEEP) as process:
            assert stop(process) != 0
        assert other.poll() is None
        stop(other)


def test_a_process_that_has_ended_is_left_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        process.wait()
        assert stop(process) == 3


def test_the_last_words_are_the_last_line_with_anything_in_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first\nerror: port is taken\n\n")
    assert last_words(log) == "error: port is taken"
    log.write_text("")
    assert last_words(log) == "it said nothing"
