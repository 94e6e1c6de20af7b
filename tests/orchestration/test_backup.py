"""A project goes into one file and comes back byte for byte; what is cut off, damaged or planted is refused."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import tarfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from filelock import FileLock

from intake.keys import identifier_key_bytes, quarantine_cipher
from intake.ops_records import BatchRecord, IdentityOverride, LakeFile
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from orchestration.archive import ArchiveError
from orchestration.backup import backup
from orchestration.cli.init_command import write_project
from orchestration.export import publish_tables
from orchestration.locks import RunInProgressError, run_lock
from orchestration.restore import restore
from orchestration.warehouse import Warehouse

T0 = datetime(2018, 1, 2, tzinfo=UTC)
LAKE_FILE = "lake/events/event_date=2018-01-01/clicks-b1.parquet"
OVERRIDE = IdentityOverride(2, 9, "must_link", "ann", "same till slip", T0)


def put(root: Path, name: str, content: bytes, mode: int = 0o644) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(mode)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project and something beside it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("CONCIERGE_KEY", raising=False)
        folder = tmp_path_factory.mktemp("made")
        _fill(folder)
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it to back up."""
    monkeypatch.delenv("CONCIERGE_KEY", raising=False)
    shutil.copytree(made, tmp_path, symlinks=True, dirs_exist_ok=True)
    return _at(tmp_path)


def _at(folder: Path) -> Project:
    return Project.open(DataPaths(folder / "shop" / "data"), folder / "shop" / "config")


def _fill(folder: Path) -> None:
    write_project(folder / "shop")
    project = _at(folder)
    root, store = project.paths.root, OpsStore(project.paths)
    identifier_key_bytes(project.paths)
    quarantine_cipher(project.paths)
    put(root, LAKE_FILE, b"lake" * 1_000)
    put(root, "vault/clicks-b1.parquet", b"Ada Lovelace", 0o600)
    project.paths.vault.chmod(0o700)
    put(root, "service_log/events/w-1.open", b"half a line")
    put(root, "models/churn/v1/model.txt", b"tree")
    (root / "models/churn/current").symlink_to("v1")
    put(root.parent, "elsewhere.parquet", b"orders of a supplier")
    (root / "landing").mkdir()
    (root / "landing/orders.parquet").symlink_to("../../elsewhere.parquet")
    put(root, "dagster/history.db", b"runs")
    put(root, "warehouse.duckdb.tmp/duckdb_temp_storage-0.tmp", b"spilled")
    put(root, "published/.v2.partial/marts.parquet", b"half")
    record = BatchRecord("b1", "clicks", "v1", "a.jsonl", "hash", 3, 3, 0, 0, 0, 3, T0, T0)
    store.record_batch(record, [LakeFile(LAKE_FILE, "clicks", date(2018, 1, 1), "b1", 3, T0, T0, T0)])
    store.record_override(OVERRIDE)
    warehouse = Warehouse(project.paths.warehouse)
    warehouse.prepare()
    with warehouse.connect() as connection:
        connection.execute("insert into ops.run_context values ('2018-01-02')").fetchall()
    publish_tables(project, "v1")


def contents(root: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(root)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) for path in files}


@pytest.mark.parametrize("suffix", [".tar.zst", ".tar.gz"])
def test_what_comes_back_is_what_went_in(project: Project, tmp_path: Path, suffix: str) -> None:
    archive = tmp_path / "out" / f"shop{suffix}"
    done = backup(project, archive)
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]
    assert restore(archive, tmp_path / "back") == done.manifest
    before, after = contents(project.paths.root), contents(tmp_path / "back" / "data")
    derived = {
        name
        for name in before
        if name.startswith(("dagster/", "published/.", "warehouse.duckdb.tmp/")) or name.endswith(".lock")
    }
    assert after.keys() == before.keys() - derived - {"ops.sqlite-wal", "ops.sqlite-shm"} | {"landing/orders.parquet"}
    assert after.pop("landing/orders.parquet")[0] == b"orders of a supplier"
    after.pop("ops.sqlite")
    assert after == {name: before[name] for name in after}
    assert contents(tmp_path / "back" / "config") == contents(project.config)


def test_the_restored_project_works(project: Project, tmp_path: Path) -> None:
    backup(project, tmp_path / "shop.tar.zst")
    (tmp_path / "back").mkdir()
    restore(tmp_path / "shop.tar.zst", tmp_path / "back")
    back = Project.open(DataPaths(tmp_path / "back" / "data"), tmp_path / "back" / "config")
    assert identifier_key_bytes(back.paths) == identifier_key_bytes(project.paths)
    assert OpsStore(back.paths).overrides() == [OVERRIDE]
    assert OpsStore(back.paths).visible_files() == OpsStore(project.paths).visible_files()
    assert Warehouse(back.paths.warehouse).count("ops.run_context") == 1
    assert (back.paths.published / "current").readlink() == Path("v1")
    assert (back.paths.models / "churn/current/model.txt").read_bytes() == b"tree"
    assert stat.S_IMODE(back.paths.vault.stat().st_mode) == 0o700
    old, new = (paths.published / "v1" for paths in (project.paths, back.paths))
    assert abs(old.stat().st_mtime - new.stat().st_mtime) < 1e-3


def test_a_link_to_a_folder_elsewhere_is_named(project: Project, tmp_path: Path) -> None:
    link = project.paths.root / "landing" / "share"
    link.symlink_to(tmp_path)
    assert backup(project, tmp_path / "shop.tar.gz").left_out == [link]


def test_a_run_or_an_intake_under_way_is_waited_for(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.backup.PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr("orchestration.locks.PATIENCE_SECONDS", 0.1)
    with FileLock(project.paths.root / "intake.lock"), pytest.raises(ArchiveError, match="an intake is under way"):
        backup(project, tmp_path / "shop.tar.gz")
    with run_lock(project.paths), pytest.raises(RunInProgressError):
        backup(project, tmp_path / "shop.tar.gz")
    assert not list(tmp_path.glob("*shop.tar*"))


@pytest.mark.parametrize(
    ("name", "said"),
    [("shop.zip", r"is called \*\.tar\.zst or"), ("shop/data/x.tar.gz", "lies inside"), ("there.tar.gz", "exists")],
)
def test_a_place_for_no_archive(project: Project, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "there.tar.gz").write_bytes(b"mine")
    with pytest.raises(ArchiveError, match=said):
        backup(project, tmp_path / name)
    assert (tmp_path / "there.tar.gz").read_bytes() == b"mine"


def test_a_lake_with_a_hole_is_not_backed_up(project: Project, tmp_path: Path) -> None:
    (project.paths.root / LAKE_FILE).unlink()
    with pytest.raises(ArchiveError, match="is listed in the lake and missing"):
        backup(project, tmp_path / "shop.tar.gz")
    assert not list(tmp_path.glob("*shop.tar*"))


@pytest.mark.parametrize("suffix", [".tar.zst", ".tar.gz"])
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.7, 0.99])
def test_an_archive_that_is_cut_off_leaves_nothing(project: Project, tmp_path: Path, suffix: str, kept: float) -> None:
    archive = tmp_path / f"shop{suffix}"
    backup(project, archive)
    os.truncate(archive, int(archive.stat().st_size * kept))
    with pytest.raises(ArchiveError, match="is cut off or damaged, nothing was restored"):
        restore(archive, tmp_path / "back")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere.parquet", "shop", archive.name][1:]


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_a_damaged_archive_is_refused(project: Project, tmp_path: Path, where: float) -> None:
    archive = tmp_path / "shop.tar.gz"
    backup(project, archive)
    content = bytearray(archive.read_bytes())
    content[int(len(content) * where)] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(ArchiveError, match="nothing was restored"):
        restore(archive, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_folder_with_something_in_it_is_left_alone(project: Project, tmp_path: Path) -> None:
    backup(project, tmp_path / "shop.tar.gz")
    put(tmp_path, "back/mine.txt", b"mine")
    with pytest.raises(ArchiveError, match="is not empty"):
        restore(tmp_path / "shop.tar.gz", tmp_path / "back")
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["mine.txt"]


Plant = Callable[[tarfile.TarFile], None]


def planted(archive: Path, plant: Plant, **manifest: object) -> Path:
    told = {"project": "p", "created_at": "2018-01-02", "schema_version": 2, "files": {}, "links": {}, **manifest}
    with pa.CompressedOutputStream(str(archive), "gzip") as out, tarfile.open(fileobj=out, mode="w|") as tar:
        plant(tar)
        content = json.dumps(told).encode()
        info = tarfile.TarInfo("MANIFEST.json")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return archive


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Plant:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return lambda tar: tar.addfile(info)


@pytest.mark.parametrize(
    ("plant", "links", "said"),
    [
        (member("../evil"), {}, "outside of the project"),
        (member("/evil"), {}, "outside of the project"),
        (member("data/../../evil"), {}, "outside of the project"),
        (member("data/link", tarfile.SYMTYPE, "/etc"), {"data/link": "/etc"}, "leads elsewhere"),
        (member("data/link", tarfile.SYMTYPE, "../../x"), {"data/link": "../../x"}, "leads elsewhere"),
        (member("data/hard", tarfile.LNKTYPE, "data/x"), {}, "neither file, folder nor link"),
        (member("data/device", tarfile.CHRTYPE), {}, "neither file, folder nor link"),
        (member("data/unlisted"), {}, "data/unlisted does not match its checksum"),
    ],
)
def test_a_planted_archive_is_refused(tmp_path: Path, plant: Plant, links: dict[str, str], said: str) -> None:
    archive = planted(tmp_path / "x.tar.gz", plant, links=links)
    with pytest.raises(ArchiveError, match=said):
        restore(archive, tmp_path / "a" / "back")
    assert list((tmp_path / "a").iterdir()) == []


def test_an_archive_of_a_later_format_is_refused(tmp_path: Path) -> None:
    archive = planted(tmp_path / "x.tar.gz", member("data", tarfile.DIRTYPE), format=2)
    with pytest.raises(ArchiveError, match="has format 2; this program knows 1"):
        restore(archive, tmp_path / "back")
