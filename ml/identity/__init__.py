"""Who is who: the ordered, constrained union of identifiers into people."""

from ml.identity.resolve import assignments_at, resolve
from ml.identity.schema import FOREVER, TABLES, Resolution, canonical_id, empty_table

__all__ = ["FOREVER", "TABLES", "Resolution", "assignments_at", "canonical_id", "empty_table", "resolve"]
