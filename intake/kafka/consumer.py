"""Reads topics into the lake, batch after batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from filelock import FileLock, Timeout

from intake.contract import SourceContract
from intake.ingest import ingest
from intake.kafka.client_log import client_log
from intake.kafka.offsets import Offsets, PendingSpool, Position
from intake.kafka.spool import Gathered, sweep_spool, write_spool
from intake.kafka.topics import StreamError, client_options
from intake.ops_store import OpsStore
from intake.project import Project
from intake.report import FileReport

POLL_SECONDS = 0.5
CONNECT_SECONDS = 15.0
NEW_PARTITIONS_SECONDS = 60.0
_AT_ONCE = 1_000
_NOBODY_ANSWERS = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._TIMED_OUT)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Taken:
    """A batch of a topic that is in the lake and whose offsets are committed."""

    topic: str
    messages: int
    report: FileReport


OnTaken = Callable[[Taken], None]


class TopicReader:
    """Consumes topics until told to stop. Exactly once: a message is in the lake as one row, whatever crashes when.

    Offsets live beside the batches in `ops.sqlite`. A spool file is on disk before it is taken in, so that after a
    crash the very same bytes are taken in again, which adds nothing if they were in already.
    """

    def __init__(
        self, project: Project, contracts: Mapping[str, SourceContract], on_taken: OnTaken | None = None
    ) -> None:
        self.project, self.contracts, self.on_taken = project, dict(contracts), on_taken
        self._offsets = Offsets(project.paths)
        self._gathered: dict[str, Gathered] = {}
        self._consumer = Consumer({**client_options(project), "logger": client_log()})
        self._cluster = ""
        self._assigned: set[Position] = set()
        self._lows: dict[Position, int] = {}
        self._at_end: dict[Position, int] = {}
        self._stopping = False

    def stop(self) -> None:
        """Take in what was read, commit, and return from `run`; for signal handlers."""
        self._stopping = True

    def run(self, *, once: bool = False) -> None:
        """Read until stopped; with `once`, until everything that is in the topics at the start has been read.

        Raises:
            StreamError: another process reads for this data folder, no broker answers, a topic does not exist, or
                access is denied.
        """
        try:
            with FileLock(self.project.paths.root / "stream.lock", timeout=0):
                self._read(once)
        except Timeout:
            raise StreamError("another `concierge stream` is reading for this data folder") from None
        except KafkaException as error:
            raise StreamError(self._told(error.args[0])) from None
        finally:
            self._consumer.close()

    def _read(self, once: bool) -> None:
        ends = self._ends()
        self._finish_pending()
        self._assign(list(ends))
        looked = time.monotonic()
        while not self._stopping and not (once and self._reached(ends)):
            for message in self._consumer.consume(_AT_ONCE, POLL_SECONDS):
                self._take(message)
            self._flush_due()
            if time.monotonic() - looked > NEW_PARTITIONS_SECONDS:
                looked = time.monotonic()
                if self._ends().keys() - self._assigned:
                    self._assign(list(self._lows))
        self._flush(list(self._gathered))

    def _ends(self) -> dict[Position, int]:
        """Every partition of the topics, with the offset after its last message."""
        ends = {}
        for topic in self.contracts:
            known = self._consumer.list_topics(topic, timeout=CONNECT_SECONDS)
            self._cluster, described = str(known.cluster_id), known.topics[topic]
            if described.error is not None:
                raise StreamError(f"topic {topic!r}: {described.error.str()}")
            for partition in described.partitions:
                place = TopicPartition(topic, partition)
                low, high = self._consumer.get_watermark_offsets(place, timeout=CONNECT_SECONDS)
                self._report_expired((topic, partition), low)
                self._lows[(topic, partition)] = low
                ends[(topic, partition)] = high
        return ends

    def _report_expired(self, place: Position, low: int) -> None:
        """What the broker deleted before it was read is gone; that is said, and reading goes on."""
        expected = self._offsets.next_offsets(self._cluster).get(place)
        if expected is None or low <= expected:
            return
        topic, partition = place
        source, at = self.contracts[topic].name, self.project.clock.now()
        OpsStore(self.project.paths).open_alert(
            f"intake:expired:{topic}:{partition}",
            severity="critical",
            title=f"{source}, {at:%Y-%m-%d}: {low - expected} messages of topic {topic} were deleted unread",
            detail=f"Partition {partition}: offsets {expected} to {low - 1}. Read more often, or keep messages longer.",
            source=source,
            at=at,
        )

    def _assign(self, places: Sequence[Position]) -> None:
        """All partitions are this process's: there is one lake, and one reader for it."""
        done = self._positions()
        starts = {place: max(done[place], self._lows[place]) if place in done else OFFSET_BEGINNING for place in places}
        self._consumer.assign([TopicPartition(*place, start) for place, start in starts.items()])
        self._assigned = set(places)

    def _reached(self, ends: Mapping[Position, int]) -> bool:
        """Whether nothing is left up to these ends; offsets that hold no message (expired, markers) count as read."""
        done = self._positions()
        return all(
            max(done.get(place, 0), self._lows[place], self._at_end.get(place, 0)) >= end for place, end in ends.items()
        )

    def _positions(self) -> dict[Position, int]:
        """The first offset of each partition that is neither in the lake nor gathered."""
        done = self._offsets.next_offsets(self._cluster)
        for gathered in self._gathered.values():
            done |= gathered.next_offsets
        return done

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._at_end[(str(message.topic()), int(message.partition() or 0))] = int(message.offset() or 0)
                return
            raise StreamError(_reason(error))
        topic = str(message.topic())
        gathered = self._gathered.setdefault(topic, Gathered(topic, time.monotonic()))
        gathered.add(int(message.partition() or 0), int(message.offset() or 0), message.value())
        if len(gathered.lines) >= self.project.settings.kafka.batch_messages:
            self._flush([topic])

    def _flush_due(self) -> None:
        now, patience = time.monotonic(), self.project.settings.kafka.batch_seconds
        self._flush([gathered.topic for gathered in self._gathered.values() if gathered.is_due(now, patience)])

    def _flush(self, topics: list[str]) -> None:
        for topic in topics:
            gathered = self._gathered.pop(topic, None)
            if gathered is None or not gathered.next_offsets:
                continue
            file = write_spool(self._folder, gathered)
            spool = PendingSpool(file.name, topic, self._cluster, gathered.next_offsets)
            self._offsets.begin(spool)
            self._take_in(spool, len(gathered.lines))
            self._commit(spool)

    def _take_in(self, spool: PendingSpool, messages: int) -> None:
        file = self._folder / spool.file
        report = ingest(self.project, self.contracts[spool.topic], [file]).files[0]
        if report.state == "unreadable":
            raise StreamError(f"topic {spool.topic!r}: {report.message}; its messages stay unread")
        self._offsets.finish(spool, self.project.clock.now())
        file.unlink()
        if self.on_taken and messages:
            self.on_taken(Taken(spool.topic, messages, report))

    def _commit(self, spool: PendingSpool) -> None:
        places = [TopicPartition(topic, number, offset) for (topic, number), offset in spool.next_offsets.items()]
        try:
            self._consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            # Our own offsets decide; the broker's copy is for its tools to show the lag.
            _LOG.warning("offsets not committed to the broker: %s", _reason(error.args[0]))

    def _finish_pending(self) -> None:
        """Spool files that an earlier process left: in the lake already or not, they are taken in as they are."""
        pending = self._offsets.pending()
        sweep_spool(self._folder, {spool.file for spool in pending})
        for spool in pending:
            if spool.topic not in self.contracts:
                continue
            if (self._folder / spool.file).exists():
                with (self._folder / spool.file).open("rb") as lines:
                    messages = sum(1 for _ in lines)
                self._take_in(spool, messages)
            else:
                self._offsets.forget(spool)

    def _told(self, error: KafkaError) -> str:
        if error.code() in _NOBODY_ANSWERS:
            servers = client_options(self.project)["bootstrap.servers"]
            return f"settings.yml: kafka.servers: no broker answers at {servers} ({_reason(error)})"
        return _reason(error)

    @property
    def _folder(self) -> Path:
        return self.project.paths.spool


def _reason(error: KafkaError) -> str:
    return f"{error.name()}: {error.str()}"
