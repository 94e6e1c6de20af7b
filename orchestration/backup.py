"""A consistent copy of a project in one file, taken while neither a run nor an intake is under way."""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from filelock import FileLock, Timeout

from intake.atomic_file import PRIVATE_FILE, sync
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from orchestration.archive import CONFIG, DATA, MANIFEST, ArchiveError, Hashing, Manifest, codec_of
from orchestration.locks import PATIENCE_SECONDS, run_lock
from orchestration.warehouse import Warehouse

# Made again by the next run: Dagster's run storage, dbt's manifest, rendered results.
DERIVED = frozenset({"dagster", "dbt", "data_docs"})
OPS_FILES = frozenset({"ops.sqlite", "ops.sqlite-wal", "ops.sqlite-shm"})
# What a killed query left of what did not fit into memory.
SPILLED = "warehouse.duckdb.tmp"
SEGMENT_IN_WRITING = ".open"


@dataclass
class Backup:
    """What was written, and which links to places outside were left out."""

    archive: Path
    manifest: Manifest
    left_out: list[Path] = field(default_factory=list)


def backup(project: Project, archive: Path) -> Backup:
    """Write data and configuration of a project as one archive that only the owner may read.

    The service may go on: of a log segment that it writes, what is there counts.

    Raises:
        ArchiveError: the name says no known compression, exists, or lies inside data or configuration; a file of the
            lake is missing; or the warehouse changed meanwhile.
        RunInProgressError: a run does not end.
    """
    codec, archive = codec_of(archive), archive.absolute()
    if archive.exists():
        raise ArchiveError(f"{archive}: exists; an archive is never written over")
    if archive.is_relative_to(project.paths.root) or archive.is_relative_to(project.config):
        raise ArchiveError(f"{archive}: lies inside the folders that it would hold; choose another place")
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_name(f".{archive.name}.partial")
    try:
        with _quiet(project.paths):
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE))
            partial.chmod(PRIVATE_FILE)
            done = _write(project, partial, codec)
        sync(partial)
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)
    return Backup(archive, done.manifest, done.left_out)


@contextmanager
def _quiet(paths: DataPaths) -> Iterator[None]:
    with run_lock(paths):
        try:
            with FileLock(paths.root / "intake.lock", timeout=PATIENCE_SECONDS):
                yield
        except Timeout as error:
            raise ArchiveError(f"{paths.root}: an intake is under way; try again when it is done") from error


def _write(project: Project, target: Path, codec: str) -> Backup:
    store = OpsStore(project.paths)
    store.overrides()
    manifest = Manifest(project.settings.project, project.clock.now().isoformat(), store.version())
    done = Backup(target, manifest)
    with (
        pa.CompressedOutputStream(str(target), codec) as out,
        tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        _warehouse_at_rest(project.paths),
    ):
        _add_ops(tar, project.paths, target.parent, manifest)
        _add_folder(tar, project.paths.root, DATA, done, lambda path: _is_passing(path, project.paths.root))
        _add_folder(tar, project.config, CONFIG, done, lambda path: path == project.paths.root)
        content = manifest.to_json()
        tar.addfile(_member(MANIFEST, len(content), PRIVATE_FILE), io.BytesIO(content))
    return done


@contextmanager
def _warehouse_at_rest(paths: DataPaths) -> Iterator[None]:
    """The write-ahead log folded in, and a check that nobody (a run of the daemon) wrote meanwhile."""
    if not paths.warehouse.exists():
        yield
        return
    with Warehouse(paths.warehouse).connect() as connection:
        connection.execute("CHECKPOINT").fetchall()
    before = paths.warehouse.stat()
    yield
    after = paths.warehouse.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ArchiveError(f"{paths.warehouse}: changed while it was copied; try again when no scheduled run is active")


def _add_ops(tar: tarfile.TarFile, paths: DataPaths, beside: Path, manifest: Manifest) -> None:
    with tempfile.TemporaryDirectory(prefix=".concierge-backup-", dir=beside) as scratch:
        copy = Path(scratch) / paths.ops_db.name
        with closing(sqlite3.connect(paths.ops_db)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            listed = target.execute("select path from lake_file where state = 'visible' order by path").fetchall()
        missing = [path for (path,) in listed if not (paths.root / path).exists()]
        if missing:
            raise ArchiveError(f"{paths.root / missing[0]}: is listed in the lake and missing ({len(missing)} such)")
        _add_file(tar, copy, f"{DATA}/{paths.ops_db.name}", manifest)


def _add_folder(tar: tarfile.TarFile, root: Path, prefix: str, done: Backup, skips: Callable[[Path], bool]) -> None:
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not skips(here / name))
        stat = here.stat()
        tar.addfile(_member(_name(here, root, prefix), 0, stat.st_mode, stat.st_mtime, tarfile.DIRTYPE))
        for entry in sorted([*files, *(name for name in folders if (here / name).is_symlink())]):
            if not skips(here / entry):
                _add(tar, here / entry, root, prefix, done)


def _is_passing(path: Path, root: Path) -> bool:
    """Locks, drafts, what is copied in its own way, and what the next run makes again."""
    if path.name.startswith(".") or path.suffix == ".lock":
        return True
    return path.parent == root and path.name in (DERIVED | OPS_FILES | {SPILLED})


def _add(tar: tarfile.TarFile, path: Path, root: Path, prefix: str, done: Backup) -> None:
    name = _name(path, root, prefix)
    if path.is_symlink() and not path.readlink().is_absolute() and path.resolve().is_relative_to(root.resolve()):
        member = _member(name, 0, 0o777, kind=tarfile.SYMTYPE)
        member.linkname = done.manifest.links[name] = path.readlink().as_posix()
        tar.addfile(member)
    elif path.is_dir() or (path.is_symlink() and not path.exists()):
        done.left_out.append(path)
    else:
        _add_file(tar, path, name, done.manifest)


def _add_file(tar: tarfile.TarFile, path: Path, name: str, manifest: Manifest) -> None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        if path.suffix != SEGMENT_IN_WRITING:
            raise
        # The service closed its segment meanwhile, and gave it its final name.
        path, name = path.with_suffix(".jsonl"), f"{name.removesuffix(SEGMENT_IN_WRITING)}.jsonl"
        file = path.open("rb")
    with file:
        stat = os.fstat(file.fileno())
        reader = Hashing(file)
        tar.addfile(_member(name, stat.st_size, stat.st_mode, stat.st_mtime), reader)
        manifest.files[name] = reader.entry


def _name(path: Path, root: Path, prefix: str) -> str:
    inner = path.relative_to(root).as_posix()
    return prefix if inner == "." else f"{prefix}/{inner}"


def _member(name: str, size: int, mode: int, mtime: float = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime, member.type = size, mode & 0o777, mtime, kind
    return member
