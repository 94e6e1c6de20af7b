"""Erasure in files of text: rendered results, logs, model files. Every mention is replaced, the rest stays."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from intake.project import Project
from orchestration.erasure.matching import Matcher
from orchestration.erasure.scope import Scope
from orchestration.model_registry import CARD


def erase_documents(project: Project, scope: Scope) -> int:
    """Data Docs and whatever else was rendered; files that changed."""
    return _clean(_files(project.paths.data_docs), scope)


def erase_dbt(project: Project, scope: Scope) -> int:
    """dbt's target folder: compiled SQL, results of runs, its log."""
    return _clean(_files(project.paths.root / "dbt"), scope)


def erase_run_logs(project: Project, scope: Scope) -> int:
    """What steps of runs printed."""
    return _clean((file for file in _files(project.paths.dagster_home) if file.suffix != ".db"), scope)


def erase_models(project: Project, scope: Scope) -> int:
    """Lists in model files, and the checksums of the files that changed."""
    matcher, changed = Matcher(scope), 0
    for file in _files(project.paths.models):
        if _clean_file(file, matcher):
            changed += 1
            _renew_checksum(file)
    return changed


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def _clean(files: Iterable[Path], scope: Scope) -> int:
    matcher = Matcher(scope)
    return sum(_clean_file(file, matcher) for file in files)


def _clean_file(file: Path, matcher: Matcher) -> bool:
    content = file.read_bytes()
    if not matcher.in_bytes(content, heap=True):
        return False
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    after = matcher.cleaned(text)
    if after == text:
        return False
    stat, draft = file.stat(), file.with_name(f".{file.name}.partial")
    draft.write_text(after, encoding="utf-8", newline="")
    draft.chmod(stat.st_mode)
    os.utime(draft, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    draft.replace(file)
    return True


def _renew_checksum(file: Path) -> None:
    card = file.parent / CARD
    if file.name == CARD or not card.exists():
        return
    said = json.loads(card.read_text(encoding="utf-8"))
    if file.name in said.get("checksums", {}):
        said["checksums"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
        card.write_text(json.dumps(said, indent=1, sort_keys=True), encoding="utf-8")
