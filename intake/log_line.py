"""One line of the lookup service's log: a checksum in front of a JSON object, or the object alone."""

from __future__ import annotations

import zlib

CHECKSUM_HEX = 8


def with_checksum(content: bytes) -> bytes:
    """A log line: CRC-32 of the content in 8 hex digits, a blank, the content, a line feed."""
    return b"%08x %s\n" % (zlib.crc32(content), content)


def payload(line: bytes) -> bytes:
    """The JSON object of a line; a checksum in front of it is verified.

    Raises:
        ValueError: the checksum does not fit, as in a line torn by a crash.
    """
    content = line.strip()
    if content[:1] == b"{":
        return content
    checksum, _, content = content.partition(b" ")
    if len(checksum) != CHECKSUM_HEX or int(checksum, 16) != zlib.crc32(content):
        raise ValueError("checksum does not fit")
    return content
