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
_BUFFER_BYTES = 1 << 20


def opened(file: Path) -> IO[bytes]:
    """The file's content, decompressed as it is read, in memory that does not grow with the file.

    Raises:
        UnreadableInputError: the name says compressed and the content does not.
        OSError: while reading, where a compressed stream is cut short or corrupt.
    """
    codec = codec_of(file)
    if codec is not None:
        stream = pa.CompressedInputStream(pa.OSFile(str(file), "rb"), codec)
        return cast("IO[bytes]", io.BufferedReader(cast("io.RawIOBase", stream), _BUFFER_BYTES))
    if file.suffix in SUFFIXES:
        raise UnreadableInputError(f"{file}: named {file.suffix} but neither gzip nor zstd")
    return file.open("rb")


def codec_of(file: Path) -> str | None:
    """How the file is compressed: gzip, zstd or, when it is not, None."""
    with file.open("rb") as handle:
        first = handle.read(4)
    return next((codec for magic, codec in _FIRST_BYTES.items() if first.startswith(magic)), None)
