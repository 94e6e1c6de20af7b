"""A published snapshot as it would answer with other placements and policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from serving.content import Content
from serving.experiments.learned import Learned, reworded
from serving.live import LiveSnapshot
from serving.placement import Placement
from serving.policy import Policy
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import FeatureValue, ProfileRecord

MoreFeatures = Callable[[str], Mapping[str, FeatureValue]]
"""Customer to features that edited rules need and the snapshot does not carry."""


class EditedReader(SnapshotReader):
    """A reader whose placements, policies and experiments are those of files, or of another version."""

    def __init__(
        self, folder: Path, content: Content, more: MoreFeatures | None = None, learned: Learned | None = None
    ) -> None:
        self._edited = content
        self._more = more
        super().__init__(folder)
        self.placements: dict[str, Placement] = {p.name: p for p in content.placements}
        self.policies: list[Policy] = list(content.policies)
        self.learned = reworded(self.learned, content.experiments) if learned is None else learned

    def profile(self, customer_id: str) -> ProfileRecord | None:
        """One customer's record, with what edited rules need."""
        found = super().profile(customer_id)
        if found is None or self._more is None or not found.consent_personalization:
            return found
        return msgspec.structs.replace(found, features={**self._more(customer_id), **found.features})

    def visitor(self, customer_id: str) -> ProfileRecord | None:
        """The same for a decision."""
        return super().visitor(customer_id) if self._more is None else self.profile(customer_id)


def edited(
    folder: Path, content: Content, more: MoreFeatures | None = None, learned: Learned | None = None
) -> LiveSnapshot:
    """The snapshot in `folder` with the placements, policies and experiments of `content`.

    Who runs with which share follows from the files, unless `learned` says it.
    """
    return LiveSnapshot(EditedReader(folder, content, more, learned))
