"""How far each partition of a topic has been taken into the lake, and which spool files are under way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from intake.ops_database import OpsDatabase
from intake.ops_records import to_text

Position = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True)
class PendingSpool:
    """A spool file that is complete on disk, the topic it is of, and the next offsets once it is in the lake."""

    file: str
    topic: str
    cluster: str
    next_offsets: dict[Position, int]


class Offsets(OpsDatabase):
    """Kept in `ops.sqlite`, beside the batches: the broker's own memory of offsets is only a copy."""

    def next_offsets(self, cluster: str) -> dict[Position, int]:
        """The first offset of each partition that is not in the lake."""
        rows = self.rows("select topic, partition, next_offset from stream_offset where cluster = ?", cluster)
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    def begin(self, spool: PendingSpool) -> None:
        """Remember a spool file before it is taken in."""
        offsets = [[topic, partition, offset] for (topic, partition), offset in sorted(spool.next_offsets.items())]
        with self.transaction() as connection:
            connection.execute(
                "insert or replace into stream_spool (file, topic, cluster, next_offsets) values (?, ?, ?, ?)",
                (spool.file, spool.topic, spool.cluster, json.dumps(offsets)),
            )

    def pending(self) -> list[PendingSpool]:
        """Spool files whose messages may not be in the lake yet."""
        return [
            PendingSpool(row["file"], row["topic"], row["cluster"], _decoded(row["next_offsets"]))
            for row in self.rows("select * from stream_spool order by file")
        ]

    def forget(self, spool: PendingSpool) -> None:
        """The spool file is gone without having been taken in: its messages are read again."""
        with self.transaction() as connection:
            connection.execute("delete from stream_spool where file = ?", (spool.file,))

    def finish(self, spool: PendingSpool, at: datetime) -> None:
        """The spool file is in the lake: its offsets move on, never back, and it is forgotten, in one transaction."""
        rows = [
            (spool.cluster, topic, partition, offset, to_text(at))
            for (topic, partition), offset in sorted(spool.next_offsets.items())
        ]
        with self.transaction() as connection:
            connection.executemany(
                "insert into stream_offset (cluster, topic, partition, next_offset, moved_at) values (?, ?, ?, ?, ?)"
                " on conflict (cluster, topic, partition) do update set"
                " next_offset = max(next_offset, excluded.next_offset), moved_at = excluded.moved_at",
                rows,
            )
            connection.execute("delete from stream_spool where file = ?", (spool.file,))


def _decoded(text: str) -> dict[Position, int]:
    return {(topic, partition): offset for topic, partition, offset in json.loads(text)}
