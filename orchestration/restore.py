"""A project back from its archive: verified as a whole before anything has its final name."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import pyarrow as pa

from orchestration.archive import MANIFEST, ArchiveError, Entry, Hashing, Manifest, codec_of, is_inside

_CHUNK = 1 << 20


def restore(archive: Path, folder: Path) -> Manifest:
    """Unpack an archive as `folder/data` and `folder/config`.

    Raises:
        ArchiveError: the folder holds something, or the archive is cut off, damaged or not one of ours; then nothing
            is left behind.
    """
    codec, folder = codec_of(archive), folder.absolute()
    if not archive.is_file():
        raise ArchiveError(f"{archive}: no such file")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArchiveError(f"{folder}: is not empty; name a new or empty folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.restoring-", dir=folder.parent))
    try:
        manifest = _unpack(archive, codec, staging)
        if folder.exists():
            folder.rmdir()
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def _unpack(archive: Path, codec: str, staging: Path) -> Manifest:
    unpacked = _Unpacked(staging)
    try:
        with (
            pa.CompressedInputStream(str(archive), codec) as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            for member in tar:
                unpacked.take(tar, member)
            # A cut in the last bytes shows only when they are read.
            while stream.read(_CHUNK):
                pass
        manifest = unpacked.verified()
    except (tarfile.TarError, EOFError, ValueError, pa.ArrowException) as error:
        raise _damaged(archive, error) from error
    except OSError as error:
        if error.errno is not None:  # The disk's own trouble; what the decompressor says has no number.
            raise
        raise _damaged(archive, error) from error
    unpacked.finish()
    return manifest


def _damaged(archive: Path, error: Exception) -> ArchiveError:
    return ArchiveError(f"{archive}: is cut off or damaged, nothing was restored: {error}")


class _Unpacked:
    """Members as they come; links and the modes of folders wait until every file is there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, Entry] = {}
        self.links: dict[str, str] = {}
        self.folders: dict[str, tuple[int, float]] = {}
        self.manifest: Manifest | None = None

    def take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Write one member under the root.

        Raises:
            ValueError: it would lie elsewhere, or is neither file, folder nor link.
        """
        if member.name == MANIFEST and (content := tar.extractfile(member)) is not None:
            self.manifest = Manifest.from_json(content.read())
            return
        if not is_inside(member.name):
            raise ValueError(f"member {member.name!r} lies outside of the project")
        if member.isdir():
            (self.root / member.name).mkdir(parents=True, exist_ok=True)
            self.folders[member.name] = (member.mode & 0o777, member.mtime)
        elif member.issym():
            self.links[member.name] = member.linkname
        elif member.isreg():
            self._write(tar, member)
        else:
            raise ValueError(f"member {member.name!r} is neither file, folder nor link")

    def verified(self) -> Manifest:
        """The manifest, once all it lists is there.

        Raises:
            ValueError: it is missing, or something differs from it.
        """
        if self.manifest is None:
            raise ValueError(f"it ends without {MANIFEST}")
        expected = self.manifest.files
        for name in sorted(expected.keys() | self.files.keys()):
            if expected.get(name) != self.files.get(name):
                raise ValueError(f"{name} does not match its checksum")
        for name, target in self.links.items():
            if self.manifest.links.get(name) != target or not _stays(name, target):
                raise ValueError(f"the link {name} leads elsewhere")
        return self.manifest

    def finish(self) -> None:
        """Make the links and give the folders their modes and times, innermost first."""
        for name, target in self.links.items():
            (self.root / name).symlink_to(target)
        for name, (mode, mtime) in sorted(self.folders.items(), reverse=True):
            (self.root / name).chmod(mode)
            os.utime(self.root / name, (mtime, mtime))

    def _write(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        target = self.root / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        content = tar.extractfile(member)
        if content is None:
            raise ValueError(f"member {member.name!r} has no content")
        reader = Hashing(content)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, member.mode & 0o777), "wb") as out:
            shutil.copyfileobj(reader, out, _CHUNK)
        os.utime(target, (member.mtime, member.mtime))
        self.files[member.name] = reader.entry


def _stays(name: str, target: str) -> bool:
    if PurePosixPath(target).is_absolute():
        return False
    return is_inside(os.path.normpath((PurePosixPath(name).parent / target).as_posix()))
