"""The archive of a project: a compressed tar of `data/` and `config/`, and a manifest of checksums at its end."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

DATA, CONFIG = "data", "config"
MANIFEST = "MANIFEST.json"
FORMAT = 1
CODECS = {".tar.zst": "zstd", ".tar.gz": "gzip"}


class ArchiveError(ValueError):
    """An archive cannot be written or trusted; the message names the file and says why."""


@dataclass(frozen=True)
class Entry:
    """One file of the archive."""

    size: int
    sha256: str


@dataclass
class Manifest:
    """What an archive holds: every file with its checksum, every link with its target."""

    project: str
    created_at: str
    schema_version: int
    files: dict[str, Entry] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Size of all files."""
        return sum(entry.size for entry in self.files.values())

    def to_json(self) -> bytes:
        """The manifest as the member `MANIFEST.json`."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """The manifest as it was written.

        Raises:
            ValueError: not a manifest, or one of a later format.
        """
        try:
            found = json.loads(content)
            files = {name: Entry(**entry) for name, entry in found.pop("files").items()}
            manifest = cls(files=files, **found)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{MANIFEST} is not a manifest: {error}") from error
        if manifest.format > FORMAT:
            raise ValueError(f"{MANIFEST} has format {manifest.format}; this program knows {FORMAT}")
        return manifest


class Hashing:
    """Reads through to a file and hashes what passes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        content = self._file.read(size)
        self._digest.update(content)
        self._size += len(content)
        return content

    @property
    def entry(self) -> Entry:
        """Size and checksum of what was read."""
        return Entry(self._size, self._digest.hexdigest())


def codec_of(file: Path) -> str:
    """The compression that a file's name asks for.

    Raises:
        ArchiveError: neither `.tar.zst` nor `.tar.gz`.
    """
    for suffix, codec in CODECS.items():
        if file.name.endswith(suffix):
            return codec
    raise ArchiveError(f"{file}: an archive is called *{' or *'.join(CODECS)}")


def is_inside(name: str) -> bool:
    """Whether a member's name, or a link's target read from it, stays inside `data/` or `config/`."""
    parts = PurePosixPath(name).parts
    return bool(parts) and parts[0] in (DATA, CONFIG) and ".." not in parts
