"""Trained models as files: one folder a version, a card that says how it came about, a pointer to the current one."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from intake.paths import repository_root

CARD = "model.json"
POINTER = "current"


@dataclass(frozen=True)
class ModelCard:
    """How a version came about: enough to train it again and to see what it was judged on."""

    name: str
    version: str
    as_of: str
    trained_at: str
    features: Sequence[str]
    cutoffs: Sequence[str]
    horizon_days: int | None
    metrics: Mapping[str, Any]
    data_hash: str
    code_version: str
    rows: int
    note: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredModel:
    """A version on disk."""

    card: ModelCard
    files: Mapping[str, bytes]


class ModelNotFoundError(LookupError):
    """No version of this model has been trained."""


@dataclass(frozen=True)
class ModelRegistry:
    """`<root>/<name>/<version>/` with the model's files and `model.json`; `current` links to one version."""

    root: Path

    def save(self, card: ModelCard, files: Mapping[str, bytes]) -> Path:
        """Write a version (all or nothing) and make it current; an existing version of that name stays as it is."""
        folder = self.root / card.name / card.version
        if not folder.exists():
            partial = folder.with_name(f".{card.version}.partial")
            partial.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (partial / name).write_bytes(content)
            sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
            document = {**asdict(card), "checksums": sums}
            (partial / CARD).write_text(json.dumps(document, indent=1, sort_keys=True, default=str))
            partial.rename(folder)
        self._point(card.name, card.version)
        return folder

    def _point(self, name: str, version: str) -> None:
        link = self.root / name / f".{POINTER}.{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(version)
        link.replace(self.root / name / POINTER)

    def current_version(self, name: str) -> str | None:
        """The version that scoring uses, or None before the first training."""
        link = self.root / name / POINTER
        return os.readlink(link) if link.is_symlink() else None  # noqa: PTH115 - the name, not the path

    def card(self, name: str) -> ModelCard | None:
        """The current version's card."""
        version = self.current_version(name)
        if version is None:
            return None
        return ModelCard(**json.loads((self.root / name / version / CARD).read_text()))

    def load(self, name: str) -> StoredModel:
        """The current version with its files.

        Raises:
            ModelNotFoundError: nothing was trained under this name.
            ValueError: a file differs from the checksum in the card.
        """
        card = self.card(name)
        if card is None:
            raise ModelNotFoundError(f"no trained model {name!r} in {self.root}")
        folder = self.root / name / card.version
        files = {item: (folder / item).read_bytes() for item in card.checksums}
        for item, content in files.items():
            if hashlib.sha256(content).hexdigest() != card.checksums[item]:
                raise ValueError(f"{folder / item}: content differs from the checksum in {CARD}")
        return StoredModel(card, files)

    def versions(self, name: str) -> list[str]:
        """All versions, oldest name first."""
        folder = self.root / name
        return sorted(item.name for item in folder.glob("[!.]*") if item.is_dir() and not item.is_symlink())


def frame_hash(frame: pd.DataFrame) -> str:
    """First 16 hex of a hash over a frame's columns, types and values, in row order."""
    digest = hashlib.sha256(json.dumps([[str(name), str(kind)] for name, kind in frame.dtypes.items()]).encode())
    # A column at a time: the whole frame as text takes many times its memory.
    for name in frame.columns:
        digest.update(pd.util.hash_pandas_object(frame[name], index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def code_version(folder: str = "ml") -> str:
    """First 12 hex of a hash over the Python files of a room: changes with the code that made a model."""
    digest = hashlib.sha256()
    for file in sorted((repository_root() / folder).rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def version_name(as_of: datetime, data_hash: str, code: str) -> str:
    """Date, then what it was made from: the same data and code give the same version."""
    short = hashlib.sha256(f"{data_hash}{code}".encode()).hexdigest()[:8]
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S}-{short}"
