"""What may be evaluated: a folder of edited files, a table of arm probabilities, or one action for everybody."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from intake.project import Project
from serving.content import Content, load_content

EDITABLE = ("placements", "policies", "experiments")
TABLE_COLUMNS = ("experiment", "segment_id", "context_bucket", "arm", "probability")
ROW_SUM_TOLERANCE = 1e-6
Cell = tuple[str, int, str]


class CandidateError(ValueError):
    """The candidate cannot be read; names file, field, value and what is allowed."""


@dataclass(frozen=True)
class Everybody:
    """One action for everybody to whom it may be shown; where it may not, all stays as logged."""

    action: str


@dataclass(frozen=True)
class Table:
    """Probabilities of arms by experiment, segment (-1: everyone) and context bucket (`any`)."""

    cells: Mapping[Cell, Mapping[str, float]]

    @property
    def experiments(self) -> frozenset[str]:
        """Experiments that it tells of."""
        return frozenset(name for name, _, _ in self.cells)

    def cell(self, experiment: str, segment: int | None, bucket: str) -> Mapping[str, float] | None:
        """The most specific row."""
        for number in (-1,) if segment is None else (segment, -1):
            for context in (bucket, "any"):
                if (found := self.cells.get((experiment, number, context))) is not None:
                    return found
        return None


@dataclass(frozen=True)
class Edited:
    """Placements, policies and experiments of a folder; files that it lacks are the project's."""

    content: Content


@dataclass(frozen=True)
class Candidate:
    """What is evaluated, under which name; `digest` names its content."""

    name: str
    kind: Everybody | Table | Edited
    digest: str


def read_candidate(project: Project, text: str) -> Candidate:
    """A folder, a table file (CSV, parquet or JSON lines), or the name of an action.

    Raises:
        CandidateError: a table is wrong, or a folder holds nothing to evaluate.
        ConfigError: a file of the folder is wrong.
    """
    path = Path(text)
    if path.is_dir():
        return _of_folder(project, path)
    if path.is_file():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        return Candidate(path.name, read_table(path), digest)
    if "/" in text or path.suffix:
        raise CandidateError(f"{text}: no such file or folder")
    return Candidate(f"{text} for everybody", Everybody(text), hashlib.sha256(text.encode()).hexdigest()[:16])


def of_project(project: Project) -> Candidate:
    """The project's own files, as they would be published."""
    return Candidate(str(project.config), Edited(load_content(project.config)), digest_of(project.config))


def _of_folder(project: Project, folder: Path) -> Candidate:
    parts = {name: folder / name for name in EDITABLE if (folder / name).is_dir()}
    if not parts and list(folder.glob("*.yml")):
        parts = {"policies": folder}
    if not parts:
        raise CandidateError(f"{folder}: none of {', '.join(f'{name}/' for name in EDITABLE)} and no *.yml is in it")
    with tempfile.TemporaryDirectory() as made:
        whole = _laid_over(project.config, parts, Path(made))
        return Candidate(folder.name or str(folder), Edited(load_content(whole)), digest_of(whole))


def _laid_over(config: Path, parts: Mapping[str, Path], whole: Path) -> Path:
    """A configuration folder of links: files of the candidate in the place of those of the same name."""
    for item in config.iterdir():
        if item.name not in parts:
            (whole / item.name).symlink_to(item.resolve())
    for name, path in parts.items():
        (whole / name).mkdir()
        files = {file.name: file for side in (config / name, path) for file in sorted(side.glob("*.yml"))}
        for file in files.values():
            (whole / name / file.name).symlink_to(file.resolve())
    return whole


def digest_of(config: Path) -> str:
    """A name for what people edit in a configuration folder: 16 hex digits of its files' hash."""
    content = hashlib.sha256()
    for part in EDITABLE:
        for file in sorted((config / part).glob("*.yml")) if (config / part).is_dir() else []:
            content.update(f"{part}/{file.name}\0".encode() + file.read_bytes() + b"\0")
    return content.hexdigest()[:16]


def read_table(path: Path) -> Table:
    """A table in the columns of `marts.arm_probability`.

    Raises:
        CandidateError: a column is missing, a probability outside 0 to 1, or a row that does not add up to 1.
    """
    frame = _frame(path)
    missing = [name for name in TABLE_COLUMNS if name not in frame.columns and name in ("arm", "probability")]
    if missing:
        raise CandidateError(f"{path}: column {missing[0]} is missing; allowed: {', '.join(TABLE_COLUMNS)}")
    frame = frame.assign(probability=pd.to_numeric(frame["probability"], errors="coerce"))
    wrong = frame[~frame["probability"].between(0.0, 1.0)]
    if len(wrong):
        value = wrong["probability"].iloc[0]
        raise CandidateError(f"{path}: probability {value} of arm {wrong['arm'].iloc[0]!r} must be 0 to 1")
    for column, value in (("experiment", ""), ("segment_id", -1), ("context_bucket", "any")):
        frame[column] = frame[column].fillna(value) if column in frame else value
    cells: dict[Cell, dict[str, float]] = {}
    for name, segment, bucket, arm, p in frame[list(TABLE_COLUMNS)].itertuples(index=False):
        row = cells.setdefault((str(name), int(segment), str(bucket)), {})
        if str(arm) in row:
            raise CandidateError(f"{path}: arm {arm!r} is there twice in segment {segment}, context {bucket!r}")
        row[str(arm)] = float(p)
    _check_sums(path, cells)
    return Table(cells)


def _frame(path: Path) -> pd.DataFrame:
    readers = {".csv": "read_csv", ".parquet": "read_parquet", ".json": "read_json", ".jsonl": "read_json"}
    if path.suffix not in readers:
        raise CandidateError(f"{path}: suffix {path.suffix!r}; allowed: {', '.join(sorted(readers))}")
    with duckdb.connect() as connection:
        try:
            found: pd.DataFrame = connection.execute(f"select * from {readers[path.suffix]}(?)", [str(path)]).df()
        except duckdb.Error as error:
            raise CandidateError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    return found


def _check_sums(path: Path, cells: Mapping[Cell, Mapping[str, float]]) -> None:
    if not cells:
        raise CandidateError(f"{path}: no row; columns are {', '.join(TABLE_COLUMNS)}")
    for (name, segment, bucket), row in cells.items():
        total = sum(row.values())
        if abs(total - 1.0) > ROW_SUM_TOLERANCE:
            where = f"experiment {name!r}, segment {segment}, context {bucket!r}"
            raise CandidateError(f"{path}: {where}: probabilities add up to {total:.6f}, must be 1")
