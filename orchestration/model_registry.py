"""Trained models as files: a folder a version, a card that says how it came about, links that say which one serves."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from intake.paths import repository_root

CARD = "model.json"
CHAMPION, PREVIOUS, CHALLENGER = "current", "previous", "challenger"
# Files of the judged twin lie beside those of the served model, under their own names with this in front.
TWIN: Final = "twin."
STATES: Final = {CHAMPION: "champion", CHALLENGER: "challenger", PREVIOUS: "previous champion"}


@dataclass(frozen=True)
class ModelCard:
    """How a version came about: enough to train it again and to see what it was judged on.

    Attributes:
        intervals: competitor → metric → the ends of its 95 % interval, where there is one.
        evidence: figures behind the card's pictures (`ml.cards`).
        seed: of everything random in the training.
        recipe: settings that ask for another model when they change.
    """

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
    intervals: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredModel:
    """A version on disk."""

    card: ModelCard
    files: Mapping[str, bytes]

    @property
    def twin(self) -> Mapping[str, bytes]:
        """Files of the judged twin under the model's own names; empty where none was kept."""
        return {name.removeprefix(TWIN): content for name, content in self.files.items() if name.startswith(TWIN)}


class ModelNotFoundError(LookupError):
    """No such version, or nothing trained under this name."""


@dataclass(frozen=True)
class ModelRegistry:
    """`<root>/<name>/<version>/` with the model's files and `model.json`.

    The link `current` names the champion, whose scores are published; `previous` the champion before it, `challenger`
    the version that scores in the shadow. All other versions are retired.
    """

    root: Path

    def save(self, card: ModelCard, files: Mapping[str, bytes]) -> Path:
        """Write a version and make it champion; an existing version of that name stays as it is."""
        folder = self.store(card, files)
        self.promote(card.name, card.version)
        return folder

    def store(self, card: ModelCard, files: Mapping[str, bytes]) -> Path:
        """Write a version, all or nothing; who serves stays as it is."""
        folder = self.root / card.name / card.version
        if not folder.exists():
            partial = folder.with_name(f".{card.version}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            for name, content in files.items():
                (partial / name).write_bytes(content)
            sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
            document = {**asdict(card), "checksums": sums}
            (partial / CARD).write_text(json.dumps(document, indent=1, sort_keys=True, default=str))
            partial.rename(folder)
        return folder

    def promote(self, name: str, version: str) -> str | None:
        """Make a version champion and keep the one before as `previous`; returns that one.

        Raises:
            ModelNotFoundError: there is no such version.
        """
        self._require(name, version)
        before = self.current_version(name)
        if before is not None and before != version:
            self._point(name, PREVIOUS, before)
        self._point(name, CHAMPION, version)
        if self.linked(name, CHALLENGER) == version:
            self._unlink(name, CHALLENGER)
        return before if before != version else None

    def shadow(self, name: str, version: str) -> None:
        """Let a version score in the shadow of the champion; the challenger before it is retired."""
        self._require(name, version)
        self._point(name, CHALLENGER, version)

    def go_back(self, name: str, earlier: str | None) -> tuple[str, str]:
        """Make the previous champion serve again; returns (what serves now, what served until now).

        Args:
            name: the model.
            earlier: what stands as previous champion then, if anything.

        Raises:
            ModelNotFoundError: there is no champion, or none before it.
        """
        now, before = self.current_version(name), self.linked(name, PREVIOUS)
        if now is None or before is None:
            raise ModelNotFoundError(f"{name}: there is no champion before {now or 'the first'} to go back to")
        self._require(name, before)
        self._point(name, CHAMPION, before)
        if earlier is not None and earlier != before and (self.root / name / earlier).is_dir():
            self._point(name, PREVIOUS, earlier)
        else:
            self._unlink(name, PREVIOUS)
        return before, now

    def linked(self, name: str, link: str) -> str | None:
        """The version that one of the links names, if any."""
        path = self.root / name / link
        return os.readlink(path) if path.is_symlink() else None  # noqa: PTH115 - the name, not the path

    def current_version(self, name: str) -> str | None:
        """The champion: the version that scoring uses, or None before the first training."""
        return self.linked(name, CHAMPION)

    def challenger_version(self, name: str) -> str | None:
        """The version in the shadow, if any."""
        return self.linked(name, CHALLENGER)

    def state(self, name: str, version: str) -> str:
        """`champion`, `challenger`, `previous champion` or `retired`."""
        return next((said for link, said in STATES.items() if self.linked(name, link) == version), "retired")

    def names(self) -> list[str]:
        """Models that have a champion, by name."""
        return sorted(link.parent.name for link in self.root.glob(f"*/{CHAMPION}") if link.is_symlink())

    def in_use(self) -> dict[str, str]:
        """Champion's version by model."""
        return {name: version for name in self.names() if (version := self.current_version(name))}

    def card(self, name: str, version: str | None = None) -> ModelCard | None:
        """A version's card, the champion's unless one is named; None where nothing serves.

        Raises:
            ModelNotFoundError: there is no such version.
        """
        version = version or self.current_version(name)
        if version is None:
            return None
        self._require(name, version)
        known = set(ModelCard.__dataclass_fields__)
        document = json.loads((self.root / name / version / CARD).read_text())
        # A newer version of the programme may have written more.
        return ModelCard(**{key: value for key, value in document.items() if key in known})

    def load(self, name: str, version: str | None = None) -> StoredModel:
        """A version with its files, the champion unless one is named.

        Raises:
            ModelNotFoundError: nothing was trained under this name, or not this version.
            ValueError: a file differs from the checksum in the card.
        """
        card = self.card(name, version)
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

    def prune(self, name: str, keep: int) -> list[str]:
        """Remove the oldest retired versions beyond `keep`; returns them."""
        retired = [version for version in self.versions(name) if self.state(name, version) == "retired"]
        gone = retired[: max(0, len(retired) - keep)]
        for version in gone:
            shutil.rmtree(self.root / name / version)
        return gone

    def _require(self, name: str, version: str) -> None:
        if not (self.root / name / version / CARD).is_file():
            known = ", ".join(self.versions(name)) or "none"
            raise ModelNotFoundError(f"{name}: no version {version!r}; there are: {known}")

    def _point(self, name: str, which: str, version: str) -> None:
        link = self.root / name / f".{which}.{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(version)
        link.replace(self.root / name / which)

    def _unlink(self, name: str, which: str) -> None:
        (self.root / name / which).unlink(missing_ok=True)


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


def version_name(as_of: datetime, *made_of: str) -> str:
    """Date, then what it was made from: the same data, code and settings give the same version."""
    short = hashlib.sha256("".join(made_of).encode()).hexdigest()[:8]
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S}-{short}"
