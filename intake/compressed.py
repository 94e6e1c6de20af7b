"""Input files as plain bytes: gzip and zstd are told by their first bytes, whatever the file is called."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from intake.chunk import UnreadableInputError

SUFFIXES = (".gz", ".zst")
"""Endings that compressed files usually carry; a file may lack them."""

_FIRST_BYTES = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_SKIPPED = b"\x2a\x4d\x18"
"""After a byte from 0x50 to 0x5F: a zstd frame that is passed over, which parallel writers begin with."""

_OTHERS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook: unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV",
    b"BZh": "compressed by bzip2: pack it with gzip or zstd, or not at all",
    b"\xfd7zXZ": "compressed by xz: pack it with gzip or zstd, or not at all",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
}
"""First bytes of what people name by mistake; read as text it would be rows of rubbish."""

_BUFFER_BYTES = 1 << 20


def opened(file: Path) -> IO[bytes]:
    """The file's content, decompressed as it is read, in memory that does not grow with the file.

    Raises:
        UnreadableInputError: the name says compressed and the content does not, or it is an archive or a workbook.
        OSError: while reading, where a compressed stream is cut short or corrupt.
    """
    codec = codec_of(file)
    if codec is not None:
        stream = pa.CompressedInputStream(pa.OSFile(str(file), "rb"), codec)
        return cast("IO[bytes]", io.BufferedReader(cast("io.RawIOBase", stream), _BUFFER_BYTES))
    with file.open("rb") as handle:
        first = handle.read(6)
    for magic, what in _OTHERS.items():
        if first.startswith(magic):
            raise UnreadableInputError(f"{file}: {what}")
    if file.suffix.lower() in SUFFIXES:
        raise UnreadableInputError(f"{file}: named {file.suffix} but neither gzip nor zstd")
    return file.open("rb")


def codec_of(file: Path) -> str | None:
    """How the file is compressed: gzip, zstd or, when it is not, None."""
    with file.open("rb") as handle:
        first = handle.read(4)
    if first[1:] == _SKIPPED and first[0] >> 4 == 5:
        return "zstd"
    return next((codec for magic, codec in _FIRST_BYTES.items() if first.startswith(magic)), None)
