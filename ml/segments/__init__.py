"""Segments of customers: fitted, kept recognisable over time, named, and sized for use."""

from ml.segments.fit import SegmentRecipe, fit_segments
from ml.segments.ladder import EVERYONE_ID, apply_ladder
from ml.segments.model import SEGMENT_COLUMNS, SEGMENT_FLOORS, Moved, SegmentModel
from ml.segments.persona import PersonaCard, persona_cards
from ml.segments.picture import persona_figure

__all__ = [
    "EVERYONE_ID",
    "SEGMENT_COLUMNS",
    "SEGMENT_FLOORS",
    "Moved",
    "PersonaCard",
    "SegmentModel",
    "SegmentRecipe",
    "apply_ladder",
    "fit_segments",
    "persona_cards",
    "persona_figure",
]
