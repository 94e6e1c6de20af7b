"""Versions of experiments as they went live first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intake.ops_database import OpsDatabase
from intake.ops_records import to_text


@dataclass(frozen=True)
class LiveVersion:
    """A version that went live. `content_hash` is of its split, `content` the whole definition as JSON."""

    name: str
    version: int
    content_hash: str
    content: str


class VersionBook(OpsDatabase):
    """Which versions of which experiments have been live."""

    def live_versions(self) -> list[LiveVersion]:
        """All of them, by name and version."""
        rows = self.rows("select name, version, content_hash, content from experiment_version order by name, version")
        return [LiveVersion(row["name"], int(row["version"]), row["content_hash"], row["content"]) for row in rows]

    def record_live_version(self, version: LiveVersion, at: datetime) -> None:
        """Keep a version; of one that is there already the definition is replaced, its first moment stays."""
        with self.transaction() as connection:
            connection.execute(
                "insert into experiment_version (name, version, content_hash, content, published_at)"
                " values (?, ?, ?, ?, ?) on conflict (name, version)"
                " do update set content_hash = excluded.content_hash, content = excluded.content",
                (version.name, version.version, version.content_hash, version.content, to_text(at)),
            )
