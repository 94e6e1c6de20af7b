"""The service log: acknowledged means on disk, torn lines are cut off, locked segments are left alone."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.log_line import payload, with_checksum
from serving.log.recovery import recover, sound_bytes
from serving.log.segment import MAX_AGE_SECONDS, Segment, SegmentWriter
from serving.log.stream import LogStream, LogUnavailableError


def lines_of(folder: Path) -> list[bytes]:
    return [payload(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def line(n: int) -> bytes:
    return with_checksum(b'{"n":%d}' % n)


class BrokenDisk(SegmentWriter):
    """A writer whose disk is full from a given write on."""

    def __init__(self, folder: Path, good_writes: int) -> None:
        super().__init__(folder, "w")
        self.good_writes = good_writes

    def write(self, content: bytes, *, durable: bool) -> None:
        if self.good_writes <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.good_writes -= 1
        super().write(content, durable=durable)


def test_a_segment_is_open_then_jsonl(tmp_path: Path) -> None:
    segment = Segment(tmp_path, "w-1")
    segment.append(line(1), durable=True)
    assert [p.name for p in tmp_path.iterdir()] == ["w-1.open"]
    segment.close()
    assert [p.name for p in tmp_path.iterdir()] == ["w-1.jsonl"]
    assert lines_of(tmp_path) == [b'{"n":1}']


def test_an_empty_segment_leaves_nothing(tmp_path: Path) -> None:
    Segment(tmp_path, "w-1").close()
    assert list(tmp_path.iterdir()) == []


def test_segments_rotate_by_size_and_by_age(tmp_path: Path) -> None:
    by_size = SegmentWriter(tmp_path / "size", "w", max_bytes=100)
    for n in range(20):
        by_size.write(line(n), durable=False)
    by_size.close()
    assert len(list((tmp_path / "size").glob("*.jsonl"))) == 4
    assert lines_of(tmp_path / "size") == [b'{"n":%d}' % n for n in range(20)]
    by_age = SegmentWriter(tmp_path / "age", "w", max_age_seconds=0.0)
    by_age.write(line(1), durable=True)
    assert [p.name for p in (tmp_path / "age").iterdir()] == ["w-000001.jsonl"]


def test_a_failed_write_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = Segment(tmp_path, "w-1")
    segment.append(line(1), durable=True)

    def full_disk(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", full_disk)
        with pytest.raises(OSError, match="No space"):
            segment.append(line(2), durable=True)
    segment.append(line(3), durable=True)
    segment.close()
    assert lines_of(tmp_path) == [b'{"n":1}', b'{"n":3}']


def refused(*_: object) -> int:
    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))


def test_a_rest_that_cannot_be_cut_off_swallows_no_later_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, real = SegmentWriter(tmp_path, "w"), os.write
    writer.write(line(1), durable=True)
    writes = iter([lambda descriptor, content: real(descriptor, content[:4]), refused])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, content: next(writes)(descriptor, content))
        patch.setattr(os, "ftruncate", refused)
        with pytest.raises(OSError, match="File too large"):
            writer.write(line(2), durable=True)
    writer.write(line(3), durable=True)
    writer.close()
    recover(tmp_path)
    assert lines_of(tmp_path) == [b'{"n":1}', b'{"n":3}']


def test_a_file_that_may_not_grow_is_followed_by_another_when_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, real = SegmentWriter(tmp_path, "w"), time.monotonic
    writer.write(line(1), durable=True)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refused)
        patch.setattr(time, "monotonic", lambda: real() + MAX_AGE_SECONDS)
        with pytest.raises(OSError, match="File too large"):
            writer.write(line(2), durable=True)
    writer.write(line(3), durable=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w-000001.jsonl", "w-000002.open"]


def test_a_segment_that_cannot_begin_leaves_neither_file_nor_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SegmentWriter(tmp_path, "w")
    monkeypatch.setattr(Path, "rename", refused)
    for _ in range(3):
        with pytest.raises(OSError, match="File too large"):
            writer.write(line(1), durable=True)
    assert list(tmp_path.iterdir()) == []
    assert [link for link in Path("/proc/self/fd").iterdir() if str(tmp_path) in str(link.resolve())] == []


def test_appends_are_on_disk_when_acknowledged_and_share_syncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = 0
    real = os.fdatasync

    def counted(descriptor: int) -> None:
        nonlocal syncs
        syncs += 1
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", counted)

    async def scenario() -> None:
        stream = LogStream(SegmentWriter(tmp_path, "w"))
        task = asyncio.create_task(stream.run())

        async def post(n: int) -> None:
            await stream.append([line(n)])
            assert line(n) in next(tmp_path.glob("*.open")).read_bytes()

        await asyncio.gather(*(post(n) for n in range(200)))
        stream.close()
        await task
        assert stream.written == 200

    asyncio.run(scenario())
    assert sorted(lines_of(tmp_path)) == sorted(b'{"n":%d}' % n for n in range(200))
    assert syncs < 100


def test_offers_beyond_capacity_are_counted_as_lost(tmp_path: Path) -> None:
    async def scenario() -> None:
        stream = LogStream(SegmentWriter(tmp_path, "w"), capacity=3)
        assert [stream.offer(line(n)) for n in range(5)] == [True, True, True, False, False]
        with pytest.raises(LogUnavailableError):
            await stream.append([line(9)])
        assert stream.lost == 2
        stream.close()
        await stream.run()
        assert not stream.offer(line(10))

    asyncio.run(scenario())
    assert lines_of(tmp_path) == [b'{"n":0}', b'{"n":1}', b'{"n":2}']


def test_a_full_disk_refuses_appends_and_counts_offers(tmp_path: Path) -> None:
    async def scenario() -> None:
        stream = LogStream(BrokenDisk(tmp_path, good_writes=1))
        task = asyncio.create_task(stream.run())
        await stream.append([line(1)])
        with pytest.raises(LogUnavailableError):
            await stream.append([line(2)])
        assert stream.offer(line(3))
        stream.close()
        await task
        assert (stream.written, stream.lost) == (1, 2)

    asyncio.run(scenario())
    assert lines_of(tmp_path) == [b'{"n":1}']


@given(n=st.integers(0, 6), cut=st.integers(0, 200))
def test_a_cut_anywhere_keeps_exactly_the_whole_lines(n: int, cut: int) -> None:
    content = b"".join(line(i) for i in range(n))
    torn = content[:cut]
    keep = sound_bytes(torn)
    whole = torn.count(b"\n")
    assert torn[:keep] == b"".join(line(i) for i in range(whole))


def test_garbage_after_a_crash_is_cut_off() -> None:
    assert sound_bytes(line(1) + b"\x00" * 50) == len(line(1))
    assert sound_bytes(line(1) + b"deadbeef {}\n") == len(line(1))
    assert sound_bytes(b"") == 0


def test_recovery_after_a_killed_writer(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from serving.log.segment import Segment\n"
        "from intake.log_line import with_checksum\n"
        "s = Segment(pathlib.Path(sys.argv[1]), 'dead-1')\n"
        "s.append(with_checksum(b'{\"n\":1}'), durable=True)\n"
        "s.append(b'0bad {\"n\":', durable=False)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == -9
    living = Segment(tmp_path, "alive-1")
    living.append(line(7), durable=True)
    assert [p.name for p in recover(tmp_path)] == ["dead-1.jsonl"]
    assert lines_of(tmp_path) == [b'{"n":1}']
    assert (tmp_path / "alive-1.open").exists()
    living.close()
    assert recover(tmp_path) == []


def test_recovery_removes_what_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "w-1.open").write_bytes(b"1234")
    assert recover(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_turning_over_closes_segments_with_all_that_was_taken_before(tmp_path: Path) -> None:
    stream = LogStream(SegmentWriter(tmp_path, "w", max_age_seconds=3_600))

    async def use() -> None:
        task = asyncio.create_task(stream.run())
        for hour in range(3):
            await stream.append([line(10 * hour)])
            stream.offer(line(10 * hour + 1))
            await asyncio.gather(stream.turn_over(), stream.turn_over())
            assert not list(tmp_path.glob("*.open"))
            assert len(lines_of(tmp_path)) == 2 * hour + 2
        await stream.turn_over()
        stream.close()
        await task
        await stream.turn_over()

    asyncio.run(use())
    assert len(list(tmp_path.glob("*.jsonl"))) == 3
    assert lines_of(tmp_path) == [payload(line(n)).rstrip() for n in (0, 1, 10, 11, 20, 21)]
