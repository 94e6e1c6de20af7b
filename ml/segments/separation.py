"""How well apart a segmentation keeps customers, one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import silhouette_samples

from ml.preprocess import Preprocessor
from ml.segments.model import Floats, SegmentModel


def row_scores(model: SegmentModel, rows: pd.DataFrame, space: Preprocessor) -> Floats:
    """Silhouette of each customer under a model, shape (rows, 1); zeros where all are in one segment.

    Args:
        model: assigns the customers.
        rows: customer_id and the model's columns.
        space: distances are measured in it, so that two models can be compared.
    """
    labels = model.assign(rows)["segment_id"].to_numpy()
    if not 1 < len(np.unique(labels)) < len(labels):
        return np.zeros((len(labels), 1))
    return np.asarray(silhouette_samples(space.transform(rows), labels), dtype=np.float64).reshape(-1, 1)
