"""Segments of customers: fitted, kept recognisable over time, named, and sized for use."""

from ml.segments.fit import SegmentRecipe, fit_segments
from ml.segments.ladder import EVERYONE_ID, LIFECYCLE_IDS, LIFECYCLE_NAMES, apply_ladder, ladder_among
from ml.segments.micro import MicroBands, micro_segments
from ml.segments.model import SEGMENT_COLUMNS, SEGMENT_FLOORS, Moved, SegmentModel
from ml.segments.persona import DESCRIBING, PersonaCard, persona_cards
from ml.segments.picture import persona_figure

__all__ = [
    "DESCRIBING",
    "EVERYONE_ID",
    "LIFECYCLE_IDS",
    "LIFECYCLE_NAMES",
    "SEGMENT_COLUMNS",
    "SEGMENT_FLOORS",
    "MicroBands",
    "Moved",
    "PersonaCard",
    "SegmentModel",
    "SegmentRecipe",
    "apply_ladder",
    "fit_segments",
    "ladder_among",
    "micro_segments",
    "persona_cards",
    "persona_figure",
]
