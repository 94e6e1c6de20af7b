"""dbt as the product runs it: in forks of a warm process that has imported it and parsed the project."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from benchmarks.measured import Cost, run
from intake.project import Project
from orchestration.dbt import PARSED_STAMP, dbt_project, ensure_manifest, parsed_folder
from orchestration.environment import configure, dbt_project_dir
from orchestration.warm_dbt import client
from orchestration.warm_dbt.start import held, warm_dbt

_TICKS = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS = 0.01
# The end of a fork is told before it is over.
_PATIENCE_SECONDS = 10.0


def warm_start(project: Project) -> float:
    """Parse the project if it changed, start its warm process, and run nothing once; CPU seconds of that process.

    Paid once in a process that runs dbt, however many commands it gives. Parsing is not counted.
    """
    configure(project.paths, project.config)
    ensure_manifest(dbt_project())
    dbt(project)
    return _cpu(held().process.pid, ours=True)


def dbt(project: Project, *arguments: str, batches: str = "month") -> Cost:
    """One `run` of the product's warm dbt with days cut into `batches`, without tests; without arguments of nothing.

    CPU seconds of the fork that ran it and of the process that asked for it, memory of the warm process and the fork.
    """
    folder = str(dbt_project_dir())
    environment = {
        **configure(project.paths, project.config),
        "CONCIERGE_BATCH_SIZE": batches,
        "DBT_LOG_PATH": str(project.paths.root / "dbt" / "logs"),
        client.ADDRESS: warm_dbt((parsed_folder() / PARSED_STAMP).read_text(), dbt_project_dir()),
    }
    warm = held().process.pid
    selected = arguments or ("--select", "nothing_of_this_name")
    command = [sys.executable, "-S", str(Path(client.__file__)), "--quiet", "run", "--no-write-json"]
    before = _cpu(warm)
    command += ["--project-dir", folder, "--profiles-dir", folder, *selected]
    asked, _ = run(command, environment, beside=warm)
    _wait_for_forks(warm)
    return Cost(asked.cpu + _cpu(warm) - before, asked.peak)


def _cpu(process: int, *, ours: bool = False) -> float:
    """CPU seconds of a process's ended children, or of the process itself."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    first = 11 if ours else 13
    return (int(fields[first]) + int(fields[first + 1])) / _TICKS


def _wait_for_forks(process: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _forks(process):
        if time.monotonic() > deadline:
            raise TimeoutError("a fork of the warm dbt did not end")
        time.sleep(_POLL_SECONDS)


def _forks(process: int) -> list[str]:
    """Children of the same program, or ended and not yet counted; Python's tracker of shared memory, another, stays."""
    own = Path(f"/proc/{process}/cmdline").read_bytes()
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [child for child in children if _program(child) in (own, b"")]


def _program(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
