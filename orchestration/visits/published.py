"""The models of the visit under way, as snapshots carry them."""

from __future__ import annotations

import json
import logging

from orchestration.model_registry import ModelRegistry
from orchestration.visits.models import FILE, MODEL, scores_from
from serving.session.spec import shipped_spec
from serving.visit_scores import VisitModel, VisitModelError

_LOG = logging.getLogger(__name__)


def visit_model(models: ModelRegistry) -> VisitModel | None:
    """The points that serve; None before a first training, or where session features have changed since.

    Raises:
        ValueError: a stored file differs from the checksum in its card.
    """
    if models.current_version(MODEL) is None:
        return None
    stored = models.load(MODEL)
    found = VisitModel(stored.card.version, json.loads(stored.files[FILE])["goal"], scores_from(stored.files))
    try:
        found.check(shipped_spec())
    except VisitModelError as error:
        _LOG.warning("%s; left out of the snapshot until the next training", error)
        return None
    return found
