"""The same rows, plain, gzip or zstd and whatever they are called, are the same events."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from intake.chunk import UnreadableInputError
from intake.compressed import codec_of
from intake.contract import SourceContract
from intake.inference.sample import read_sample
from intake.ingest import ingest
from intake.locations import files_in
from intake.project import Project
from intake.report import FileReport
from tests.intake.scene import click, contract, lake_rows, make_project

CSV = contract(format="csv")
Pack = Callable[[bytes], bytes]


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


def as_it_is(content: bytes) -> bytes:
    return content


def in_parallel(content: bytes) -> bytes:
    """As parallel writers of zstd begin: with a frame that is passed over."""
    return b"\x50\x2a\x4d\x18\x04\x00\x00\x00size" + zstd(content)


PACKS: dict[str, Pack] = {"plain": as_it_is, "gzip": gzip.compress, "zstd": zstd, "parallel": in_parallel}


def rows(count: int = 300) -> list[dict[str, object]]:
    return [click(str(number), product=f"p{number % 7}", login=f"user {number % 31}") for number in range(count)]


def jsonl(count: int = 300) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows(count))


def csv(count: int = 300) -> bytes:
    lines = [",".join(str(value) for value in row.values()) for row in rows(count)]
    return "\n".join([",".join(click("0")), *lines, ""]).encode()


def taken(project: Project, source: SourceContract, file: Path, content: bytes) -> FileReport:
    file.write_bytes(content)
    report = ingest(project, source, [file]).files[0]
    assert "\n" not in report.message
    return report


@pytest.mark.parametrize("name", ["clicks{}", "clicks{}.gz", "clicks{}.zst"])
@pytest.mark.parametrize("pack", ["gzip", "zstd"])
@pytest.mark.parametrize(("source", "content"), [(contract(), jsonl()), (CSV, csv())], ids=["jsonl", "csv"])
def test_compressed_rows_are_the_same_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: SourceContract, content: bytes, pack: str, name: str
) -> None:
    monkeypatch.setenv("CONCIERGE_KEY", "a key for tests, long enough")
    plain, packed = make_project(tmp_path / "plain"), make_project(tmp_path / "packed")
    ending = f".{source.format}"
    first = taken(plain, source, tmp_path / f"clicks{ending}", content)
    second = taken(packed, source, tmp_path / name.format(ending), PACKS[pack](content))
    assert first.accepted == second.accepted == 300
    assert lake_rows(plain) == lake_rows(packed)
    assert first.input_hash != second.input_hash


@pytest.mark.parametrize("pack", ["gzip", "zstd", "parallel"])
def test_streams_one_after_the_other_in_a_file_are_all_read(project: Project, tmp_path: Path, pack: str) -> None:
    whole = jsonl()
    packed = PACKS[pack](whole[:1000]) + PACKS[pack](whole[1000:])
    assert taken(project, contract(), tmp_path / "clicks.jsonl", packed).accepted == 300


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
@pytest.mark.parametrize(("source", "content"), [(contract(), jsonl(3000)), (CSV, csv(3000))], ids=["jsonl", "csv"])
def test_a_stream_cut_short_is_one_clear_line_and_nothing_is_kept(
    project: Project, tmp_path: Path, source: SourceContract, content: bytes, pack: str
) -> None:
    packed, file = PACKS[pack](content), tmp_path / f"clicks.{source.format}.gz"
    report = taken(project, source, file, packed[: len(packed) // 2])
    assert (report.state, report.accepted) == ("unreadable", 0)
    assert report.message.startswith(f"{file}: compressed stream ends early")
    assert lake_rows(project) == []
    assert taken(project, source, file, packed).accepted == 3000


def test_a_stream_damaged_in_the_middle(project: Project, tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(jsonl(3000)))
    middle = len(packed) // 2
    packed[middle : middle + 200] = bytes(200)
    report = taken(project, contract(), tmp_path / "clicks.jsonl.gz", bytes(packed))
    assert report.state == "unreadable"
    assert "cannot be read as jsonl" in report.message
    assert lake_rows(project) == []


def test_a_name_that_promises_compression_of_plain_text(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.jsonl.zst"
    report = taken(project, contract(), file, jsonl())
    assert (report.state, report.message) == ("unreadable", f"{file}: named .zst but neither gzip nor zstd")


@pytest.mark.parametrize("first", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"BZh9", b"\xfd7zXZ\x00", b"7z\xbc\xaf"])
def test_archives_and_workbooks_are_told_for_what_they_are(project: Project, tmp_path: Path, first: bytes) -> None:
    file = tmp_path / "clicks.csv"
    file.write_bytes(first + bytes(range(256)) * 20)
    report = ingest(project, contract(format="csv"), [file]).files[0]
    assert (report.state, ": a" in report.message or "compressed by" in report.message) == ("unreadable", True)
    with pytest.raises(UnreadableInputError, match=r"archive|workbook|compressed by"):
        read_sample(file)


def test_first_bytes_say_how_a_file_is_compressed(tmp_path: Path) -> None:
    found = {}
    for name, pack in PACKS.items():
        (tmp_path / name).write_bytes(pack(b"content"))
        found[name] = codec_of(tmp_path / name)
    (tmp_path / "empty").touch()
    assert found == {"plain": None, "gzip": "gzip", "zstd": "zstd", "parallel": "zstd"}
    assert codec_of(tmp_path / "empty") is None


def test_a_folder_gives_its_files_of_the_format_in_order(tmp_path: Path) -> None:
    for name in ("b.jsonl.zst", "a.jsonl", "c.jsonl.gz", "d.ndjson", "e.csv", ".hidden.jsonl", "notes.txt", "F.TSV.gz"):
        (tmp_path / name).touch()
    assert [file.name for file in files_in(tmp_path, contract().format)] == [
        "a.jsonl",
        "b.jsonl.zst",
        "c.jsonl.gz",
        "d.ndjson",
    ]
    assert [file.name for file in files_in(tmp_path, "csv")] == ["F.TSV.gz", "e.csv"]
    assert files_in(tmp_path, "parquet") == []


def test_large_compressed_files_are_read_in_pieces(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.reader_jsonl._CHUNK_BYTES", 20_000)
    monkeypatch.setattr("intake.reader_jsonl._LINES_AT_ONCE", 50)
    seen: list[int] = []
    file = tmp_path / "clicks.jsonl.zst"
    file.write_bytes(zstd(jsonl(1000)))
    report = ingest(project, contract(), [file], lambda _, read: seen.append(read)).files[0]
    assert report.accepted == 1000
    assert len(seen) > 3
    assert [row["event_id"] for row in lake_rows(project)] == sorted(str(number) for number in range(1000))
