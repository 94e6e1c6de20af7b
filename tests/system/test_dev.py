"""`concierge dev`: the UI comes up with the whole graph, and ends when it is asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestration.cli.init_command import write_project
from orchestration.demo.service import free_port
from tests.system.parsed_project import lend

pytestmark = pytest.mark.system

UP_SECONDS = 300
STOP_SECONDS = 180
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
  __typename ... on PythonError { message } ... on RepositoryLocation { repositories { assetNodes { groupName }
  schedules { name } sensors { name } jobs { name } } } } } } } }"""


@pytest.fixture
def ui(tmp_path: Path, parsed_project: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The process and its address, in a fresh project; its signals are as in a background shell."""
    write_project(tmp_path / "shop")
    lend(parsed_project, tmp_path / "shop" / "data")
    port = free_port()
    command = [sys.executable, "-m", "orchestration.cli.main", "dev", "--port", str(port)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CONCIERGE_")}
    with (
        (tmp_path / "out").open("wb") as out,
        subprocess.Popen(
            command,
            cwd=tmp_path / "shop",
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        ) as process,
    ):
        yield process, f"http://127.0.0.1:{port}"
        if process.poll() is None:
            process.terminate()
            process.wait(STOP_SECONDS)


def _wait_until_up(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the UI ended"
        try:
            if httpx.get(f"{url}/server_info", timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(1)
    pytest.fail(f"no UI within {UP_SECONDS} s")


def _location(url: str) -> dict[str, Any]:
    answer = httpx.post(f"{url}/graphql", json={"query": LOCATIONS}, timeout=UP_SECONDS).json()
    (entry,) = answer["data"]["workspaceOrError"]["locationEntries"]
    assert entry["name"] == "concierge"
    found: dict[str, Any] = entry["locationOrLoadError"]
    assert found["__typename"] == "RepositoryLocation", found.get("message")
    return found


def test_the_graph_is_there_and_the_process_ends_on_sigterm(ui: tuple[subprocess.Popen[bytes], str]) -> None:
    process, url = ui
    _wait_until_up(process, url)
    (repository,) = _location(url)["repositories"]
    assert len({node["groupName"] for node in repository["assetNodes"]}) >= 12
    assert {"hourly", "daily", "weekly"} <= {schedule["name"] for schedule in repository["schedules"]}
    assert repository["jobs"]
    process.terminate()
    assert process.wait(STOP_SECONDS) is not None
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/server_info", timeout=5)
