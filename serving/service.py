"""The running service of one worker: live snapshot, kill switch and logs, and the tasks that keep them current."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import lmdb

from intake.user_token import Identifiers, UserTokenError, verified_identifiers
from serving.access.buckets import Buckets
from serving.access.ring import KeyRing
from serving.configuration import ServiceConfig
from serving.decide import PAUSE_ALL
from serving.http.gate import Gate
from serving.http.messages import Identifier
from serving.live import LiveSnapshot
from serving.live_side import LiveSide
from serving.log.recovery import recover
from serving.log.segment import SegmentWriter
from serving.log.stream import LogStream
from serving.losses import Losses
from serving.metrics import files
from serving.metrics.gauges import gauges
from serving.metrics.worker import WorkerMetrics
from serving.overlay.arrival import OF_THE_BROWSER
from serving.pausing.watch import UNREADABLE, PauseWatch, fresh
from serving.prepared import PreparedAnswers
from serving.replay.inputs import code_version
from serving.snapshot.store import SnapshotStore

_LOG = logging.getLogger(__name__)
KINDS = ("events", "exposures", "decisions", "segment", "consents")


# Hashes of cookies and devices kept in memory, some 20 MB; hashing one takes 10 µs.
_BROWSERS_KEPT = 100_000
_TOLD_KEPT = 10_000


class Service:
    """State shared by the requests of one worker."""

    def __init__(self, config: ServiceConfig) -> None:
        self.config = config
        self.store: SnapshotStore[LiveSnapshot] = SnapshotStore(config.snapshots, LiveSnapshot)
        self.pause_watch = PauseWatch(config.pausing, config.ops, config.service_log, config.worker)
        # Until the kill switch was read once nobody knows what is paused: then everybody gets the plain variant.
        self._scopes: frozenset[str] = frozenset({PAUSE_ALL})
        self.paused: frozenset[str] = self._scopes
        self._reading, self._heeding, self._following = threading.Lock(), threading.Lock(), threading.Lock()
        self._has_ended = False
        self.streams = {kind: self._stream(kind) for kind in KINDS}
        self.events, self.exposures, self.decisions, self.segment, self.consents = self.streams.values()
        self._browsers: dict[tuple[str, str], str | None] = {}
        self.live_side = LiveSide(config, self.store)
        self.keys = KeyRing(config.given_keys(), config.key_file)
        self.gate = Gate(self.keys, config.limits, Buckets())
        self.metrics = WorkerMetrics(config.worker)
        self.prepared = PreparedAnswers()
        self._told: set[str] = set()
        self._losses = Losses(self.decisions, config.ops, config.worker)
        self._measured = 0.0
        self.searching = asyncio.Semaphore(1)

    def hashed(self, identifiers: Iterable[Identifier]) -> tuple[tuple[str, str], ...]:
        """Identifiers as (type, keyed hash); placeholders that would tie strangers together are left out."""
        return self._hashed(identifiers, {})

    def hashed_together(self, lists: Iterable[Iterable[Identifier]]) -> list[tuple[tuple[str, str], ...]]:
        """`hashed` for each list of a batch; an identifier that many of them name is hashed once."""
        known: dict[tuple[str, str], str | None] = {}
        return [self._hashed(identifiers, known) for identifiers in lists]

    def _hashed(
        self, identifiers: Iterable[Identifier], known: dict[tuple[str, str], str | None]
    ) -> tuple[tuple[str, str], ...]:
        pairs: list[tuple[str, str]] = []
        for item in identifiers:
            key = kind, _ = item.type, item.value
            # What a browser calls itself comes with every event; what names a person is not kept in memory.
            memory = self._browsers if kind in OF_THE_BROWSER else known
            try:
                value = memory[key]
            except KeyError:
                value = memory[key] = self.config.hash_identifier(*key)
            if value is not None:
                pairs.append((kind, value))
        if len(self._browsers) > _BROWSERS_KEPT:
            self._browsers.clear()
        return tuple(pairs)

    def vouched(self, token: str, now: datetime) -> Identifiers:
        """The identifiers that a user token vouches for.

        Raises:
            UserTokenError: the token proves nothing, or this service has no secret to check it with.
        """
        secret = self.config.user_token_secret
        if secret is None:
            raise UserTokenError("this service has no secret to check user tokens with")
        return verified_identifiers(secret, token, now, self.config.hash_identifier)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Recover what an earlier worker left, follow pointer and kill switch, and close the logs at the end."""
        recovered = await asyncio.to_thread(self._recover)
        await asyncio.to_thread(code_version)
        await asyncio.to_thread(files.forget_old, self.config.service_log, self.config.clock.now().date())
        await asyncio.to_thread(self.follow)
        await asyncio.to_thread(self.live_side.open, recovered)
        # The buckets of all workers lie in the overlay's folder, which is there from now on.
        self.gate.buckets = Buckets(self.config.overlay)
        self.prepare()
        writers = [asyncio.create_task(stream.run()) for stream in self.streams.values()]
        followers = [asyncio.create_task(self._keep_following())]
        if self.config.pausing.enabled:
            followers.append(asyncio.create_task(self._keep_watching()))
        try:
            yield
        finally:
            for follower in followers:
                follower.cancel()
            for stream in self.streams.values():
                stream.close()
            await asyncio.gather(*writers, *followers, return_exceptions=True)
            self._end()

    def first_told(self, personalization_id: str) -> bool:
        """Whether this worker has not told this answer before: one that caches hold is logged once."""
        if personalization_id in self._told:
            return False
        if len(self._told) >= _TOLD_KEPT:
            self._told.clear()
        self._told.add(personalization_id)
        return True

    def gauge(self) -> None:
        """Bring the gauges up to date."""
        counted = self.metrics.counted
        counted.snapshot_version = self.store.version or ""
        counted.gauges = gauges(self.store, self.live_side, self.streams, self.config.clock.now(), len(self.paused))

    def follow(self) -> None:
        """Look once at the snapshot pointer and at the kill switch; what cannot be read stays as it was."""
        # One at a time: a look that began earlier could put its version in the place of a later one's, and whoever
        # asked for a look would be answered before the version that another look had found was ready.
        with self._following:
            if self._has_ended:
                return
            self.keys.follow(self.config.clock.now())
            if self.store.refresh():
                self.live_side.reindex()
            self.live_side.tidy()
            self.follow_pauses()
            self._losses.tell(self.config.clock.now())
            self._keep_metrics(time.monotonic() - self._measured)

    def follow_pauses(self) -> None:
        """Look once at what is paused; while it cannot be read it stays as it was."""
        # One at a time, or what was read before could take the place of what was read after.
        with self._reading:
            written = self.pause_watch.written()
            try:
                scopes = self.config.paused_scopes()
            except UNREADABLE as error:
                _LOG.error("kill switch cannot be read and stays as it was: %s", type(error).__name__)
            else:
                with self._heeding:
                    self._scopes = scopes
                    self.pause_watch.seen(written)
        self._heed()

    def watch(self) -> None:
        """Look once at what this service shows of itself, and pause what has to be paused."""
        live = None
        with self.store.lease() as snapshot:
            names = [] if snapshot is None else sorted(snapshot.placements)
            if snapshot is not None:
                silent = [name for name in names if snapshot.placements[name].is_often_silent]
                live = fresh(snapshot.version, snapshot.reader.manifest.as_of, silent)
        now = self.config.clock.now()
        self.pause_watch.look(self.metrics.counted, names, live, self.paused, now)
        # In force before it is written: no database may delay it.
        self._heed()
        if self.pause_watch.tell(now):
            self.follow_pauses()

    def _heed(self) -> None:
        """Everything paused that was read, and what this worker holds by itself. Never waits for a database."""
        with self._heeding:
            paused = self._scopes | self.pause_watch.held
            if paused != self.paused:
                _LOG.warning("paused: %s", ", ".join(sorted(paused)) or "nothing")
                self.paused = paused

    def _end(self) -> None:
        """Let go of everything once the last look has ended: cancelling a task does not stop its thread."""
        with self._following:
            self._has_ended = True
            self._keep_metrics(files.WRITE_SECONDS)
            self.live_side.close()
            self.store.close()

    async def turn_over(self) -> None:
        """Close the segments of all logs, so that intake finds what was said so far at once."""
        await asyncio.gather(*(stream.turn_over() for stream in self.streams.values()))

    def prepare(self) -> None:
        """Have the answers for everybody at hand; not in a thread, since requests read the same snapshot."""
        with self.store.lease() as live:
            if live is not None:
                self.prepared.of(live, self.config.clock.now())

    def _keep_metrics(self, since_seconds: float) -> None:
        self.metrics.begin_day(self.config.clock.now().date())
        if since_seconds < files.WRITE_SECONDS:
            return
        self._measured = time.monotonic()
        try:
            self.gauge()
            files.write(self.config.service_log, self.metrics.counted)
        except (OSError, lmdb.Error) as error:
            _LOG.error("metrics: not written: %s", error)

    async def _keep_following(self) -> None:
        while True:
            await asyncio.sleep(self.config.poll_seconds)
            try:
                await asyncio.to_thread(self.follow)
                self.prepare()
            except Exception as error:  # noqa: BLE001 - whatever it was, the next look must come
                _LOG.error("following failed and is tried again: %s", type(error).__name__)

    async def _keep_watching(self) -> None:
        while True:
            await asyncio.sleep(self.config.pausing.tick_seconds)
            try:
                await asyncio.to_thread(self.watch)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next look must come
                _LOG.error("a look at what should be paused failed: %s", type(error).__name__)

    def _recover(self) -> list[Path]:
        recovered = recover(self.config.service_log)
        for path in recovered:
            _LOG.warning("recovered log segment %s of a worker that died", path.name)
        return recovered

    def _stream(self, kind: str) -> LogStream:
        folder = self.config.service_log / kind
        return LogStream(SegmentWriter(folder, self.config.worker, max_age_seconds=self.config.segment_seconds))
