"""Erasure in serving snapshots: every version is written again without them, linked to the one it replaces."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import lmdb
import msgspec
import pyarrow as pa

from intake.atomic_file import sync
from intake.project import Project
from orchestration.erasure.matching import Matcher
from orchestration.erasure.scope import Scope
from serving.snapshot import pointer
from serving.snapshot.building import sweep
from serving.snapshot.delta import counts_of
from serving.snapshot.environment import SharedEnvironment, identifier_key, open_for_writing
from serving.snapshot.manifest import DATA_FILE, DELTA_FILE, MANIFEST, FileCheck, sha256_of
from serving.snapshot.records import SnapshotError
from serving.snapshot.verify import verify

MARK = "-erased"
Rows = list[tuple[bytes, bytes]]
Names = Callable[[str, Rows], set[int]]
"""The table's rows that name them, by their place."""
_TABLES = 64


def erase(project: Project, scope: Scope) -> int:
    """Rebuild the versions that hold them; rows that went. The service follows the pointer without a pause."""
    return _erase_in(project.paths.snapshots, scope)


def erase_kept(project: Project, scope: Scope) -> int:
    """The same for what was kept of versions that are gone."""
    return _erase_in(project.paths.replay, scope)


def base_of(version: str) -> str:
    """The name under which a version was published, before people were erased from it."""
    return version.partition(MARK)[0]


def _erase_in(root: Path, scope: Scope) -> int:
    if not root.is_dir():
        return 0
    sweep(root)
    done: dict[int, _Copied] = {}
    return sum(_rebuild(root, folder, scope, done) for folder in version_folders(root))


def version_folders(root: Path) -> list[Path]:
    """Folders of versions, whatever their schema."""
    found = [folder for folder in root.iterdir() if folder.is_dir() and not folder.is_symlink()]
    return sorted(folder for folder in found if not folder.name.startswith("."))


class _Copied(NamedTuple):
    """A file without them; hourly versions share one, which is then rebuilt once and shared again."""

    file: Path
    counts: dict[str, int]
    gone: int


Files = dict[str, _Copied]
"""By name: the data file of a version, and the delta where it has one."""


def _rebuild(root: Path, folder: Path, scope: Scope, done: dict[int, _Copied]) -> int:
    short = scope.request_id[-12:]
    version = f"{base_of(folder.name)}{MARK}-{short}"
    if folder.name == version or not (folder / DATA_FILE).exists():
        return 0
    building = root / f".building-{version}" / version
    building.mkdir(parents=True)
    try:
        files = {}
        for name in (DATA_FILE, DELTA_FILE) if (folder / DELTA_FILE).exists() else (DATA_FILE,):
            inode = (folder / name).stat().st_ino
            files[name] = done[inode] = _linked(building / name, done.get(inode)) or _Copied(
                root / version / name, *_copy(folder, building, name, _names(scope))
            )
        gone = sum(copied.gone for copied in files.values())
        if not gone:
            return 0
        for name in (name for name, copied in files.items() if not copied.gone):
            (building / name).unlink(missing_ok=True)
            os.link(folder / name, building / name)
        _write_manifest(folder, building, version, files)
        _publish(root, folder, building, version)
    finally:
        shutil.rmtree(building.parent, ignore_errors=True)
    return gone


def _linked(target: Path, copied: _Copied | None) -> _Copied | None:
    """What was copied of the same file before, linked into another version; None when it has to be copied."""
    if copied is None or (copied.gone and not copied.file.exists()):
        return None
    if copied.gone:
        os.link(copied.file, target)
    return copied


def _names(scope: Scope) -> Names:
    own = {identifier_key(kind, value) for value, kind in scope.hashes.items()}
    ids, matcher = {value.encode() for value in scope.customer_ids}, Matcher(scope)

    def name_them(table: str, rows: Rows) -> set[int]:
        found = {at for at, (key, value) in enumerate(rows) if key in own or key in ids or value in ids}
        if table in ("identifier", "profile"):
            return found
        # The other tables hold products, rules and cells; should one ever name a person, it is refused here.
        return found | matcher.rows_named(pa.array([b"%b %b" % row for row in rows], pa.large_binary()))

    return name_them


def _copy(source: Path, target: Path, name: str, names: Names) -> tuple[dict[str, int], int]:
    """Every table of a file without the rows that name them; rows by table, and rows that went."""
    shared = SharedEnvironment(source, name)
    try:
        with closing(open_for_writing(target, _TABLES, name)) as fresh, shared.lmdb.begin() as reading:
            tables = [bytes(key).decode() for key, _ in reading.cursor()]
            done = {table: _copy_table(shared.lmdb, fresh, reading, table, names) for table in tables}
            fresh.sync(True)
    finally:
        shared.release()
    return {table: kept for table, (kept, _) in done.items()}, sum(lost for _, lost in done.values())


def _copy_table(
    old: lmdb.Environment, new: lmdb.Environment, reading: lmdb.Transaction, table: str, names: Names
) -> tuple[int, int]:
    source, target = old.open_db(table.encode(), txn=reading, create=False), new.open_db(table.encode())
    rows = [(bytes(key), bytes(value)) for key, value in reading.cursor(source)]
    gone = names(table, rows)
    kept = [row for at, row in enumerate(rows) if at not in gone]
    with new.begin(write=True, db=target) as writing:
        writing.cursor().putmulti(kept, append=True)
    return len(kept), len(rows) - len(kept)


def _write_manifest(old: Path, new: Path, version: str, files: Files) -> None:
    """The old manifest with the new version's name, counts and checksums; what it says of time stays."""
    said = msgspec.json.decode((old / MANIFEST).read_bytes())
    counts = dict(files[DATA_FILE].counts)
    if DELTA_FILE in files:
        said["delta"], more = _counted(new)
        counts |= {table: counts.get(table, 0) + rows for table, rows in more.items()}
    checks = {name: FileCheck(bytes=(new / name).stat().st_size, sha256=sha256_of(new / name)) for name in files}
    totals = {
        **said.get("totals", {}),
        "customers": counts.get("profile", 0),
        "identifiers": counts.get("identifier", 0),
    }
    known = {name: rows for name, rows in counts.items() if name in said.get("counts", {})}
    said |= {"version": version, "counts": known, "totals": totals, "replaces": said["version"]}
    said["files"] = {**said["files"], **msgspec.to_builtins(checks)}
    for name in set(said["files"]) - set(files):
        shutil.copyfile(old / name, new / name)
    (new / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(said), indent=1))


def _counted(folder: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Rows of a delta as its manifest tells them, and by table how many rows it adds to those of the data file."""
    base, delta = SharedEnvironment(folder), SharedEnvironment(folder, DELTA_FILE)
    rows, more = {}, {}
    try:
        with base.lmdb.begin() as of_base, delta.lmdb.begin() as of_delta:
            for table in [bytes(key) for key, _ in of_delta.cursor()]:
                there = base.lmdb.open_db(table, txn=of_base, create=False)
                name, changed = table.decode(), delta.lmdb.open_db(table, txn=of_delta, create=False)
                rows[name] = dict(of_delta.cursor(changed))
                more[name] = sum(bool(v) - (of_base.get(k, db=there) is not None) for k, v in rows[name].items())
    finally:
        delta.release()
        base.release()
    return counts_of(rows), more


def _publish(root: Path, old: Path, building: Path, version: str) -> None:
    """The new version takes the old one's place; the pointer moves before the old one goes."""
    for file in building.iterdir():
        sync(file)
    stat, live = old.stat(), pointer.current(root) == old.name
    if _is_usable(building):
        shutil.rmtree(root / version, ignore_errors=True)
        building.rename(root / version)
        os.utime(root / version, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        sync(root)
        if live:
            pointer.switch(root, version)
    elif live:
        (root / pointer.POINTER).unlink()
    shutil.rmtree(old)
    sync(root)


def _is_usable(folder: Path) -> bool:
    """A version of another schema is taken by no reader: it only goes."""
    try:
        verify(folder)
    except SnapshotError:
        return False
    return True
