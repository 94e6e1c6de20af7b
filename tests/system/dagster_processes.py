"""A real Dagster daemon and web server on a data folder, and the questions the UI asks them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

from intake.project import Project
from orchestration.environment import executable, variables
from orchestration.instance import write_settings

HOST = "127.0.0.1"
START_SECONDS = 300
LAUNCH = """
mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}"""
RUN_JOB = """
mutation Run($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}"""
BACKFILL = "query B($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"
RUNS = "{ runsOrError { ... on Runs { results { runId jobName status tags { key value } } } } }"
ASSETS = "{ assetNodes { assetKey { path } groupName isPartitioned } }"
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries {
  name loadStatus locationOrLoadError { __typename ... on PythonError { message } } } } } }"""


@dataclass(frozen=True)
class Dagster:
    """The web server's GraphQL endpoint."""

    url: str

    def ask(self, query: str, **values: Any) -> dict[str, Any]:
        """The `data` of one answer."""
        answer = httpx.post(f"{self.url}/graphql", json={"query": query, "variables": values}, timeout=START_SECONDS)
        body = answer.json()
        assert not body.get("errors"), body["errors"]
        data: dict[str, Any] = body["data"]
        return data

    def runs(self) -> list[dict[str, Any]]:
        """Every run, newest first."""
        found: list[dict[str, Any]] = self.ask(RUNS)["runsOrError"]["results"]
        return found

    def launch_job(self, job: str) -> str:
        """Launch a job as the UI's launchpad does; returns the run id."""
        selector = {
            "repositoryLocationName": "concierge",
            "repositoryName": "__repository__",
            "jobName": job,
        }
        answer = self.ask(RUN_JOB, params={"selector": selector, "mode": "default"})["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def launch_backfill(self, first: date, days: int) -> str:
        """Launch a backfill of all partitioned assets as the UI's dialogue does; returns its id."""
        nodes = self.ask(ASSETS)["assetNodes"]
        keys = [{"path": node["assetKey"]["path"]} for node in nodes if node["isPartitioned"]]
        names = [(first + timedelta(days=step)).isoformat() for step in range(days)]
        params = {"assetSelection": keys, "partitionNames": names, "tags": [], "title": "thirty days again"}
        answer = self.ask(LAUNCH, params=params)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def backfill_status(self, backfill: str) -> str:
        """REQUESTED, COMPLETED_SUCCESS, COMPLETED_FAILED, …"""
        return str(self.ask(BACKFILL, id=backfill)["partitionBackfillOrError"]["status"])

    def loaded(self) -> bool:
        """Whether the code location is there; a broken one raises with its message."""
        try:
            entries = self.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        except httpx.TransportError:
            return False
        for entry in entries:
            state = entry["locationOrLoadError"]
            assert not state or state["__typename"] != "PythonError", state["message"][:2000]
        return bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)


@contextmanager
def dagster(project: Project, logs: Path) -> Iterator[Dagster]:
    """Daemon and web server of this data folder, stopped with everything they started."""
    write_settings(project.paths)
    port, code_port = _free_port(), _free_port()
    workspace = str(_workspace(logs / "workspace.yaml", code_port))
    served = Dagster(f"http://{HOST}:{port}")
    with ExitStack() as stack:
        # One code server for both: each costs 15 s of CPU to load.
        code = [executable("dagster"), "api", "grpc", "-m", "orchestration.definitions", "-h", HOST, "-p", code_port]
        stack.enter_context(_process(project, code, logs / "code.log"))
        wait_until(lambda: _listens(code_port), START_SECONDS, "the code server")
        web = [executable("dagster-webserver"), "-w", workspace, "-h", HOST, "-p", port]
        stack.enter_context(_process(project, web, logs / "webserver.log"))
        wait_until(served.loaded, START_SECONDS, "the code location to load")
        stack.enter_context(
            _process(project, [executable("dagster-daemon"), "run", "-w", workspace], logs / "daemon.log")
        )
        yield served


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return str(probe.getsockname()[1])


def _listens(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, int(port))) == 0


def _workspace(file: Path, port: str) -> Path:
    server = {"host": HOST, "port": int(port), "location_name": "concierge"}
    file.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    return file


@contextmanager
def _process(project: Project, command: Sequence[str], log: Path) -> Iterator[None]:
    environment = {**os.environ, **variables(project.paths, project.config)}
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=30)


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask twice a second.

    Raises:
        AssertionError: it did not come true in time.
    """
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.5)
