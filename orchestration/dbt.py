"""The dbt project as Dagster sees it: manifest kept current, commands run from this environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from dagster import AssetCheckResult, AssetCheckSeverity, AssetExecutionContext
from dagster_dbt import DbtCliInvocation, DbtCliResource, DbtProject
from filelock import FileLock
from packaging.version import Version

from intake.ops_records import Severity
from intake.project import Project
from orchestration.alerts import check_failed
from orchestration.environment import dbt_project_dir, executable
from orchestration.warm_dbt import client
from orchestration.warm_dbt.start import warm_dbt

PARSED_STAMP = "parsed_from.txt"
PARSE_TIMEOUT_SECONDS = 300
WATCHED_SUFFIXES = {".sql", ".yml", ".yaml", ".csv", ".md"}
OUTPUT_FOLDERS = {"target", "logs", "dbt_packages"}


class DbtParseError(RuntimeError):
    """The dbt project does not parse."""


class EnvironmentDbt(DbtCliResource):  # type: ignore[misc]
    """dbt of this very environment, its commands run by a warm process.

    What the resource would do besides is spared: asking `dbt --version` in every run, 7 CPU seconds for a number that
    the installed package tells, and making an adapter for each command, 2 CPU seconds for columns nobody asks for.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # noqa: ARG002 - called by the resource
        return None

    def cli(self, args: Sequence[str], **rest: Any) -> DbtCliInvocation:
        """Run a command where dbt is imported and the project parsed."""
        os.environ[client.ADDRESS] = warm_dbt((parsed_folder() / PARSED_STAMP).read_text(), dbt_project_dir())
        return super().cli(args, **rest)


def dbt_project() -> DbtProject:
    """The project with its target folder under the data folder (`DBT_TARGET_PATH`)."""
    return DbtProject(project_dir=dbt_project_dir(), target_path=parsed_folder())


def dbt_resource(project: DbtProject) -> DbtCliResource:
    """dbt of this environment, whatever PATH says."""
    flags = ["-S", str(Path(client.__file__))]
    return EnvironmentDbt(project_dir=project, dbt_executable=sys.executable, global_config_flags=flags)


def ensure_manifest(project: DbtProject) -> Path:
    """The manifest, parsed again only when something that parsing reads changed since; safe between processes.

    Raises:
        DbtParseError: with the last line that dbt said.
    """
    target = parsed_folder()
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(target / "parse.lock"):
        wanted = _parsed_from()
        stamp = target / PARSED_STAMP
        if not project.manifest_path.exists() or not stamp.exists() or stamp.read_text() != wanted:
            _parse(target)
            stamp.write_text(wanted)
    return Path(project.manifest_path)


def parsed_folder() -> Path:
    """Where this process's data folder keeps what dbt has parsed."""
    return Path(os.environ["DBT_TARGET_PATH"])


def _parsed_from() -> str:
    """The files of the dbt project, dbt's version, and what parsing reads of the environment besides batch sizes."""
    return f"{fingerprint(dbt_project_dir())} dbt {version('dbt-core')} begin {os.environ['CONCIERGE_BEGIN']}\n"


def fingerprint(folder: Path) -> str:
    """Hash over names and contents of the files that dbt parses."""
    digest = hashlib.sha256()
    for file in _sources(folder):
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder).parts
        if file.suffix in WATCHED_SUFFIXES and not OUTPUT_FOLDERS & set(inside) and not inside[0].startswith("."):
            yield file


def _parse(target: Path) -> None:
    folder = str(dbt_project_dir())
    command = [executable("dbt"), "--quiet", "parse", "--project-dir", folder, "--profiles-dir", folder]
    environment = {**os.environ, "DBT_LOG_PATH": str(target)}
    done = subprocess.run(  # noqa: S603 - our own executable and folders
        command, env=environment, capture_output=True, text=True, timeout=PARSE_TIMEOUT_SECONDS, check=False
    )
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise DbtParseError(f"dbt parse of {folder} failed: {' '.join(said[-3:]) or 'no output'}")


def build(context: AssetExecutionContext, dbt: DbtCliResource, arguments: list[str] | None = None) -> Iterator[object]:
    """`dbt build` without unit tests for the selected models; each failed test opens an alert.

    The target folder of the invocation is removed when it succeeds.
    """
    step = context.op_execution_context
    target = parsed_folder().parent / "runs" / f"{context.run.run_id[:8]}-{step.op.name}"
    target.mkdir(parents=True, exist_ok=True)
    # Nobody reads the artifacts, and writing the manifest takes a second.
    command = ["build", "--no-write-json", "--exclude-resource-type", "unit_test", *(arguments or [])]
    with (target / "output.log").open("w", encoding="utf-8") as log:
        for event in _quietly(dbt.cli(command, context=step, target_path=target).stream(), log):
            if isinstance(event, AssetCheckResult) and not event.passed:
                open_alert(event)
            yield event
    shutil.rmtree(target, ignore_errors=True)


def open_alert(failed: AssetCheckResult) -> None:
    """Tell the analysts of a dbt test that did not hold; one that only warns is a warning."""
    asset = failed.asset_key.to_user_string() if failed.asset_key else "dbt"
    severity: Severity = "critical" if failed.severity == AssetCheckSeverity.ERROR else "warning"
    check_failed(Project.open(), asset, failed.check_name or "test", failed.description or "", severity=severity)


def _quietly(events: Iterator[object], log: TextIO) -> Iterator[object]:
    """Pass events on while what dbt prints goes to a file: a run in the shell shows stages, not 500 lines of dbt."""
    while True:
        with redirect_stdout(log):
            event = next(events, None)
        if event is None:
            return
        yield event
