"""The command as a process: exit codes, one-line errors, a help that is fast and complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import typer

from orchestration.cli.app import COMMANDS, app

HEAVY = ("dagster", "duckdb", "pandas", "numpy", "pyarrow", "lightgbm", "sklearn", "great_expectations", "starlette")


def _concierge(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {key: value for key, value in os.environ.items() if not key.startswith("CONCIERGE_")}
    command = [sys.executable, "-m", "orchestration.cli.main", *words]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=known | environment, check=False, timeout=120
    )


def test_exit_codes_of_the_process(tmp_path: Path) -> None:
    assert _concierge("--help", cwd=tmp_path).returncode == 0
    wrong = _concierge("frobnicate", cwd=tmp_path)
    assert wrong.returncode == 2
    failed = _concierge("status", cwd=tmp_path)
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert failed.stderr.startswith("error: ")
    assert "Traceback" not in failed.stderr
    assert "Traceback" in _concierge("status", cwd=tmp_path, CONCIERGE_DEBUG="1").stderr


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, orchestration.cli.app; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = {name.partition(".")[0] for name in found.stdout.split()}
    assert loaded.isdisjoint(HEAVY)


def test_every_command_and_option_is_described() -> None:
    root = typer.main.get_command(app)
    waiting = [((), root)]
    seen = []
    while waiting:
        path, command = waiting.pop()
        assert command.help, path
        for parameter in command.params:
            assert getattr(parameter, "help", None) or parameter.name == "help", (path, parameter.name)
        children = getattr(command, "commands", {})
        waiting += [((*path, name), child) for name, child in children.items()]
        seen.append(path)
    assert {(name,) for name, _ in COMMANDS} <= set(seen)
    for path in seen:
        assert root.main([*path, "--help"], prog_name="concierge", standalone_mode=False) in (0, None), path


def test_the_commands_that_the_project_promises_are_there() -> None:
    promised = (
        "init demo ingest run backfill dev serve publish rollback snapshots decide explain alerts quarantine pause "
        "resume status"
    )
    root = typer.main.get_command(app)
    assert set(promised.split()) <= set(getattr(root, "commands", {}))
