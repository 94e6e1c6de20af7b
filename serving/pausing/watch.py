"""One worker's watch over its surfaces: looks every tick, pauses at once, and writes down what it did."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from intake.ops_database import OpsStoreError
from intake.ops_records import Pause
from intake.ops_store import OpsStore
from intake.pause_records import Look, Standing
from intake.pause_rules import Rule, after, rule_of
from intake.settings_pausing import CAUSES, PausingSettings
from serving.configuration import PATIENCE_SECONDS
from serving.metrics.files import others
from serving.metrics.worker import Counted
from serving.pausing.live_looks import Fresh, Window, order_look, service_looks, snapshot_look
from serving.pausing.orders import SinceLastOrder, Usual
from serving.pausing.tallies import CONVERSIONS, EXPOSURES, Tallies

_LOG = logging.getLogger(__name__)
UNREADABLE = (sqlite3.Error, OpsStoreError, OSError)
USUAL_EXPOSURES, USUAL_CONVERSIONS = "service_exposures", "service_orders"
"""Metrics of the last weeks that runs leave in `ops.metric_daily` for the service."""
# Looks that change nothing are written down so often, for whoever asks how things stand.
_TOLD_SECONDS = 60.0
Key = tuple[str, str]
Held = dict[Key, tuple[Look, datetime]]


class PauseWatch:
    """Looks of one worker. `held` are the surfaces it has paused that nobody has read among the pauses yet.

    Looks, writing, and reading what is held may happen in three threads.
    """

    def __init__(self, settings: PausingSettings, ops: OpsStore | None, service_log: Path, worker: str) -> None:
        self._settings = settings
        # Who waits for a locked database pauses too late.
        self._ops = None if ops is None else OpsStore(ops.paths, busy_seconds=PATIENCE_SECONDS)
        self._log = service_log
        self._worker = worker
        self._rules: dict[str, Rule] = {cause: rule_of(settings, cause) for cause in CAUSES}
        self._tallies = Tallies(worker, timedelta(minutes=settings.window_minutes))
        self._orders = SinceLastOrder()
        self._known: dict[Key, Standing] = {}
        self._owed: Held = {}
        self._written: Held = {}
        self._usual: Usual | None = None
        self._usual_on: object = None
        self._resumed: dict[str, datetime] = {}
        self._paused: frozenset[str] = frozenset()
        self._is_behind = False
        self._news: list[Look] = []
        self._writing = threading.Lock()
        # Of `_owed`, `_written` and `_news`; held for no longer than a look at them.
        self._guard = threading.Lock()
        self.problem: str | None = None

    @property
    def held(self) -> frozenset[str]:
        """Surfaces paused by this worker alone: not written down yet, or not read since."""
        with self._guard:
            return frozenset(surface for surface, _ in (*self._owed, *self._written))

    def holding(self) -> list[Pause]:
        """The same as pauses, for whoever asks before they are written."""
        actor = f"service:{self._worker}"
        with self._guard:
            held = list((self._written | self._owed).values())
        return [Pause(look.surface, look.told, actor, at, look.cause, dict(look.evidence)) for look, at in held]

    def written(self) -> Held:
        """What has been written by now: who reads the pauses from here on finds it there, and tells so with `seen`."""
        with self._guard:
            return dict(self._written)

    def seen(self, written: Held) -> None:
        """Hold this no longer: it was read, or lifted meanwhile."""
        with self._guard:
            self._written = {key: one for key, one in self._written.items() if written.get(key) is not one}

    def look(
        self, counted: Counted, placements: Iterable[str], live: Fresh | None, paused: frozenset[str], now: datetime
    ) -> None:
        """Look once; what has to be paused is `held` from now on, before anything is written."""
        self._follow(paused, now)
        self._read(now)
        looks = self._looks(counted, placements, live, paused, now)
        with self._guard:
            self._news = [look for look in looks if self._is_news(look, now)]
            self._hold(self._news, now)

    def tell(self, now: datetime) -> bool:
        """Write down what was seen; True when that paused or resumed something for everybody."""
        with self._writing:
            with self._guard:
                looks, self._news = self._news, []
                owed = dict(self._owed)
            return bool(looks or owed) and self._write(looks, owed, now)

    def _looks(
        self, counted: Counted, placements: Iterable[str], live: Fresh | None, paused: frozenset[str], now: datetime
    ) -> list[Look]:
        # A surface that answers again begins anew from this very moment.
        keep = any(moment == now for moment in self._resumed.values())
        self._tallies.add([counted, *others(self._log, self._worker)], now, keep=keep)
        exposures, orders = (sum(self._tallies.total.get(key, [])) for key in (EXPOSURES, CONVERSIONS))
        self._orders.add(exposures, orders, now)
        window = Window(self._tallies, self._settings, now, self._resumed, paused)
        found = [
            *snapshot_look(live, self._settings, now),
            *service_looks(window, placements, live.by_rules if live else frozenset()),
        ]
        return [*found, *order_look(self._orders, self._usual, self._settings, now, paused)]

    def _follow(self, paused: frozenset[str], now: datetime) -> None:
        """Note which surfaces answer again: what they did before is forgotten."""
        for surface in self._paused - paused:
            self._resumed[surface] = now
        self._paused = paused

    def _read(self, now: datetime) -> None:
        try:
            if self._ops is not None:
                # What could not be written yet is known better here.
                if not self._is_behind:
                    self._known = self._ops.standings(now)
                self._learn(self._ops, now)
        except UNREADABLE as error:
            self._failed("read", error)

    def _learn(self, ops: OpsStore, now: datetime) -> None:
        """The usual rate of orders, once an hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._usual_on == hour:
            return
        counts = [ops.metrics(name) for name in (USUAL_EXPOSURES, USUAL_CONVERSIONS)]
        self._usual = Usual(counts[0][-1].value, counts[1][-1].value) if all(counts) else None
        self._usual_on = hour

    def _is_news(self, look: Look, now: datetime) -> bool:
        """Whether a look may change something, or nobody was told of one for a while."""
        key = look.surface, look.cause
        standing = self._known.get(key, Standing())
        if key in self._owed or key in self._written:
            return False
        if look.verdict == "breach" or standing.is_paused or standing.streak.breaches:
            return True
        at = standing.streak.at
        return at is None or not timedelta(0) <= now - at < timedelta(seconds=_TOLD_SECONDS)

    def _hold(self, looks: Sequence[Look], now: datetime) -> None:
        """Take the steps in memory."""
        for look in looks:
            key = look.surface, look.cause
            standing = self._known.get(key, Standing())
            streak, step = after(standing, look, self._rules[look.cause], now)
            self._known[key] = Standing(standing.last, streak, standing.resumed_today)
            if step == "pause":
                self._owed[key] = look, now
                _LOG.warning("paused: %s (%s): %s", look.surface, look.cause, look.told)

    def _write(self, looks: Sequence[Look], owed: Held, now: datetime) -> bool:
        paused = [look for look, _ in owed.values()]
        others_of = [look for look in looks if (look.surface, look.cause) not in owed]
        actor = f"service:{self._worker}"
        try:
            if self._ops is None:
                return False
            # They were judged when they were seen; the rule asks for no more looks.
            at_once = {cause: Rule() for cause in self._rules}
            steps = self._ops.record_looks(paused, at_once, now, actor=actor) if paused else []
            every = self._settings.tick_seconds * 0.9
            steps += self._ops.record_looks(others_of, self._rules, now, actor=actor, every=every)
        except UNREADABLE as error:
            self._failed("written", error)
            self._is_behind = True
            return False
        with self._guard:
            # What was paused while this was written is owed still.
            self._owed = {key: one for key, one in self._owed.items() if key not in owed}
            self._written |= owed
        self._is_behind, self.problem = False, None
        return bool(steps)

    def _failed(self, what: str, error: Exception) -> None:
        if self.problem is None:
            _LOG.error(
                "pauses cannot be %s; what this worker pauses it holds by itself: %s", what, type(error).__name__
            )
        self.problem = f"pauses cannot be {what}"


def fresh(version: str, as_of: str, by_rules: Iterable[str] = ()) -> Fresh:
    """The live snapshot as looks know it; `as_of` is its manifest's, `by_rules` are placements without a strategy."""
    return Fresh(version, datetime.fromisoformat(as_of), frozenset(by_rules))
