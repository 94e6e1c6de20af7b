"""A fitted segmentation: preprocessing, centroids, lasting ids and how k was chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.preprocess import Preprocessor

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

# Recency, frequency and money. A year of orders: over a quarter, one customer in four is elsewhere a month later.
SEGMENT_COLUMNS: Final = ("recency_days", "orders_365d", "spend_365d")
# Whether somebody came three days ago or ten is the day of the week; a month without a visit says something.
SEGMENT_FLOORS: Final[Mapping[str, float]] = MappingProxyType({"recency_days": 30.0})
SMALLEST_SHARE: Final = 0.05
STABLE: Final = 0.80
STABLE_P10: Final = 0.65
SILHOUETTE: Final = 0.30
DAVIES_BOULDIN: Final = 1.05


@dataclass(frozen=True)
class KReport:
    """One candidate for the number of segments.

    Attributes:
        stability: mean adjusted Rand index between this clustering and bootstrap refits (1 = always the same).
        stability_p10: its 10th percentile.
        silhouette: mean silhouette; higher is better separated.
        davies_bouldin: Davies-Bouldin index; lower is better.
        smallest_share: share of customers in the smallest segment.
    """

    k: int
    stability: float
    stability_p10: float
    silhouette: float
    davies_bouldin: float
    smallest_share: float

    @property
    def is_stable(self) -> bool:
        """Whether another sample of the customers would give these segments."""
        return self.stability >= STABLE and self.stability_p10 >= STABLE_P10

    @property
    def is_separated(self) -> bool:
        """Whether segments stand apart by both indices."""
        return self.silhouette >= SILHOUETTE and self.davies_bouldin <= DAVIES_BOULDIN

    @property
    def is_balanced(self) -> bool:
        """Whether no segment is a sliver."""
        return self.smallest_share >= SMALLEST_SHARE

    def shortfalls(self) -> list[str]:
        """Each bound that is missed, with figure and bound; empty when the segmentation is as it should be."""
        bounds = (
            ("stability", self.stability, STABLE),
            ("stability, 10th percentile", self.stability_p10, STABLE_P10),
            ("silhouette", self.silhouette, SILHOUETTE),
            ("smallest share", self.smallest_share, SMALLEST_SHARE),
        )
        missed = [f"{name} {value:.2f}, at least {least:.2f}" for name, value, least in bounds if value < least]
        if self.davies_bouldin > DAVIES_BOULDIN:
            missed.append(f"Davies-Bouldin {self.davies_bouldin:.2f}, at most {DAVIES_BOULDIN:.2f}")
        return missed


class Moved(NamedTuple):
    """Customers that the model before has in one segment and this one in another (or the same)."""

    before: int
    after: int
    customers: int


@dataclass(frozen=True)
class SegmentModel:
    """Nearest centroid in preprocessed space; `ids[i]` is the lasting id of centroid i.

    Attributes:
        next_id: first id never used so far; an id is not given to another segment later.
        moved_share: share of customers whose segment differs from the previous model's (0 without one).
        migration: the migration matrix behind that share, pairs without a customer left out (empty without one).
        method: how centroids were found.
    """

    preprocessor: Preprocessor
    centroids: Floats
    ids: tuple[int, ...]
    next_id: int
    chosen: KReport
    candidates: tuple[KReport, ...]
    moved_share: float = 0.0
    migration: tuple[Moved, ...] = ()
    method: str = "kmeans"

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.ids)

    @property
    def columns(self) -> tuple[str, ...]:
        """Feature columns read."""
        return self.preprocessor.names

    def assign(self, features: pd.DataFrame) -> pd.DataFrame:
        """Columns customer_id and segment_id, one row a row of `features`; nulls are filled as when fitted."""
        labels = nearest(self.preprocessor.transform(features), self.centroids)
        segment_ids = np.array(self.ids, dtype=np.int64)[labels]
        return pd.DataFrame({"customer_id": features["customer_id"].to_numpy(), "segment_id": segment_ids})

    def files(self) -> dict[str, bytes]:
        """The model as JSON files."""
        body = {
            "centroids": self.centroids.tolist(),
            "ids": self.ids,
            "next_id": self.next_id,
            "chosen": asdict(self.chosen),
            "candidates": [asdict(candidate) for candidate in self.candidates],
            "moved_share": self.moved_share,
            "migration": self.migration,
            "method": self.method,
        }
        return {
            "segments.json": json.dumps(body, indent=1).encode(),
            "preprocess.json": self.preprocessor.to_json().encode(),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> SegmentModel:
        """The model that `files()` wrote."""
        body: dict[str, Any] = json.loads(files["segments.json"])
        return cls(
            preprocessor=Preprocessor.from_json(files["preprocess.json"].decode()),
            centroids=np.array(body["centroids"], dtype=np.float64),
            ids=tuple(body["ids"]),
            next_id=body["next_id"],
            chosen=KReport(**body["chosen"]),
            candidates=tuple(KReport(**candidate) for candidate in body["candidates"]),
            moved_share=body["moved_share"],
            migration=tuple(Moved(*row) for row in body.get("migration", ())),
            method=body.get("method", "kmeans"),
        )


def nearest(points: Floats, centroids: Floats) -> Labels:
    """Index of the closest centroid of each point; the lower index wins a tie.

    Distances are summed column by column, so a row gets the same answer alone and in a batch.
    """
    distances = np.zeros((len(points), len(centroids)))
    for column in range(points.shape[1]):
        distances += (points[:, column, None] - centroids[None, :, column]) ** 2
    return np.asarray(np.argmin(distances, axis=1), dtype=np.int64)
