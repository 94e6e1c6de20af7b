"""Where a contract's files lie: packages, folders and patterns, with `${…}` filled in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from intake.compressed import SUFFIXES
from intake.contract import ContractError, SourceContract
from intake.project import Project

_VARIABLE = re.compile(r"\$\{(?P<name>[^}]+)\}")
_ENDINGS = {"parquet": (".parquet",), "csv": (".csv", ".tsv"), "jsonl": (".jsonl", ".ndjson")}


def files_of(project: Project, contract: SourceContract) -> list[Path]:
    """The files that a contract's locations name now, each once, in order; hidden files are not looked at.

    A location is a file, a folder (files of the contract's format in it) or a pattern. `${CONCIERGE_DATA}` and
    `${CONCIERGE_CONFIG}` are the project's folders, `${package:NAME}` an installed package's, `${NAME}` comes from
    the environment; a relative location counts from the folder that holds the configuration folder.

    Raises:
        ContractError: a variable or package is unknown.
    """
    found = [file for location in contract.location for file in _expand(project, contract, location)]
    return [file for file in dict.fromkeys(found) if not file.name.startswith(".")]


def files_in(folder: Path, kind: str | None = None) -> list[Path]:
    """Files of a format (of any, when left out) in a folder, compressed or not, in order; hidden ones are left out."""
    plain = [ending for name in _ENDINGS for ending in _ENDINGS[name] if kind in (None, name)]
    packed = [ending + suffix for ending in plain if ending != ".parquet" for suffix in SUFFIXES]
    endings = (*plain, *packed)
    return sorted(
        file for file in folder.iterdir() if file.name.lower().endswith(endings) and not file.name.startswith(".")
    )


def _expand(project: Project, contract: SourceContract, location: str) -> list[Path]:
    path = Path(_VARIABLE.sub(_filler(project, contract), location))
    path = path if path.is_absolute() else project.config.parent / path
    if path.is_dir():
        return files_in(path, contract.format)
    if any(mark in str(path) for mark in "*?["):
        return sorted(file for file in Path(path.anchor).glob(str(path.relative_to(path.anchor))) if not file.is_dir())
    return [path] if path.exists() else []


def _filler(project: Project, contract: SourceContract) -> Callable[[re.Match[str]], str]:
    known = {"CONCIERGE_DATA": str(project.paths.root), "CONCIERGE_CONFIG": str(project.config)}

    def fill(variable: re.Match[str]) -> str:
        name = variable["name"]
        if name.startswith("package:"):
            return str(_package_folder(contract, name.removeprefix("package:")))
        value = known.get(name, os.environ.get(name))
        if value is None:
            raise ContractError(f"{contract.name}: location: ${{{name}}} is not set in the environment")
        return value

    return fill


def _package_folder(contract: SourceContract, package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ContractError(f"{contract.name}: location: package {package!r} is not installed")
    return Path(spec.origin).parent
