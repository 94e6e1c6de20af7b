"""The hash of an input's bytes, by which it is known again."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from intake.chunk import UnreadableInputError

_BLOCK = 1 << 20


def content_hash(file: Path) -> str:
    """SHA-256 of a file's bytes, in hex.

    Raises:
        UnreadableInputError: the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UnreadableInputError(f"{file}: is not a file")
        with file.open("rb") as handle:
            while block := handle.read(_BLOCK):
                digest.update(block)
    except PermissionError as error:
        raise UnreadableInputError(f"{file}: no permission to read it") from error
    except OSError as error:
        raise UnreadableInputError(f"{file}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()
