"""The service's log: closed segments get new hashes in place; what workers still write, intake brings up to date."""

from __future__ import annotations

import os
import re
from pathlib import Path

from intake.hashing import HASH_PATTERN
from intake.log_line import CHECKSUM_HEX, payload, with_checksum
from intake.project import Project
from orchestration.rekeying.values import newest

_PAIR = re.compile(rb'(\{"type":"[a-z_]+","value":")(' + HASH_PATTERN.strip("^$").encode() + rb')"\}')


def rewrite(project: Project, key: bytes) -> int:
    """Overwrite older hashes in closed segments; values that changed.

    A new hash is as long as an old one: size and time of the file stay, so that intake does not take it in again.
    """
    return sum(_segment(file, key) for file in sorted(project.paths.service_log.rglob("*.jsonl")))


def _segment(file: Path, key: bytes) -> int:
    content = file.read_bytes()
    found = [value for _, value in _PAIR.findall(content)]
    changes = newest(key, [value.decode() for value in set(found)])
    if not changes:
        return 0
    fresh = {old.encode(): new.encode() for old, new in changes.items()}
    lines = content.split(b"\n")
    after = b"\n".join(_line(line, fresh) for line in lines)
    stat = file.stat()
    draft = file.with_name(f".{file.name}.rekeyed")
    draft.write_bytes(after)
    draft.chmod(stat.st_mode)
    with draft.open("rb") as handle:
        os.fsync(handle.fileno())
    os.utime(draft, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    draft.replace(file)
    return sum(value in fresh for value in found)


def _line(line: bytes, fresh: dict[bytes, bytes]) -> bytes:
    after = _PAIR.sub(lambda match: match[1] + fresh.get(match[2], match[2]) + b'"}', line)
    if after == line or line[:1] == b"{":
        return after
    try:
        payload(line)
    except ValueError:
        # Torn by a crash: it stays what it was, a row for the quarantine.
        return line
    return with_checksum(after[CHECKSUM_HEX + 1 :]).rstrip(b"\n")
