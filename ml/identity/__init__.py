"""Who is who: the ordered, constrained union of identifiers into people."""

from ml.identity.evidence import Evidence
from ml.identity.groups import affected, components
from ml.identity.keys import canonical_id
from ml.identity.queries import assignments_at, owner_on, shortest_path
from ml.identity.resolve import resolve
from ml.identity.rules import IdentityRules
from ml.identity.schema import FOREVER, TABLES, Resolution, empty_table

__all__ = [
    "FOREVER",
    "TABLES",
    "Evidence",
    "IdentityRules",
    "Resolution",
    "affected",
    "assignments_at",
    "canonical_id",
    "components",
    "empty_table",
    "owner_on",
    "resolve",
    "shortest_path",
]
