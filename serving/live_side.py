"""What the service knows beyond the snapshot: live sessions and words of consent, or nothing where there is no room."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from intake.event import HINT_TYPES
from intake.ops_database import OpsStoreError
from intake.sealed import opener
from serving.configuration import ServiceConfig
from serving.experiments.enrolment import Enrolment, remembered_from
from serving.experiments.memory import told as draws_told
from serving.live import LiveSnapshot
from serving.overlay.admission import PURPOSE, suppressed
from serving.overlay.arrival import Arrival, Pair
from serving.overlay.assigned import Whose, whose_draw
from serving.overlay.by_hand import words_by_hand
from serving.overlay.calls import SealedCalls, unheard
from serving.overlay.consent import standing, with_words
from serving.overlay.draws import LoggedDraws
from serving.overlay.environment import OpeningLock, OverlayUnavailableError, discard, open_overlay
from serving.overlay.overlay import Overlay, OverlayFullError
from serving.overlay.place import prepare
from serving.overlay.rebuild import LoggedArrivals
from serving.overlay.sessions import CustomerOf
from serving.overlay.words import Word
from serving.person import Person
from serving.question import Context, Decision
from serving.session.reducer import microseconds, shipped_reducer
from serving.showings import told_of
from serving.silence import under_regime
from serving.snapshot.manifest import DATA_FILE, DELTA_FILE
from serving.snapshot.store import SnapshotStore
from serving.variables import Value
from serving.visit import Visit, visit_of

_LOG = logging.getLogger(__name__)
_NOWHERE = Context()
_EMPTY: frozenset[str] = frozenset()
# Tables of the overlay that visits are read from.
_OF_VISITS = frozenset({"pointer", "seen", "assigned"})
# Checksums of a snapshot's data and delta, and the moment that it is of: others may have new probabilities alone.
People = tuple[str, str, str] | None

# What was said is dropped once a snapshot looks back on it from so far: intake reads the log at least daily.
WORDS_OUTLIVE_US = 2 * 86_400 * 1_000_000
_TIDY_SECONDS = 5.0
# Of identifiers seen; looking one up takes 5 µs, and remembering it some 300 bytes.
_REFUSALS_KEPT = 50_000


class LiveSide:
    """The overlay of one worker with the snapshot it belongs to."""

    def __init__(self, config: ServiceConfig, store: SnapshotStore[LiveSnapshot]) -> None:
        self._config = config
        self._store = store
        self._tidied_us = 0
        self._refusals: dict[Pair, tuple[Word, ...]] = {}
        self._indexed: People = None
        self.overlay: Overlay | None = None
        self.problem: str | None = "the overlay is not configured" if config.overlay is None else None

    def open(self, recovered: Iterable[Path] = ()) -> None:
        """Join the overlay of the living workers, or fill a new one from the log; without room, do without."""
        folder = self._config.overlay
        if folder is None:
            return
        try:
            prepare(folder, self._config.service_log.parent)
            opening = OpeningLock(folder)
        except OSError as error:
            self._do_without(f"{folder}: {error.strerror}")
            return
        try:
            self._open(folder, recovered)
        except OverlayUnavailableError as error:
            self._do_without(str(error))
        finally:
            opening.release()

    def take(self, arrivals: Sequence[Arrival], now: datetime) -> None:
        """Let the next decision of every worker see events that are on disk.

        Raises:
            OverlayFullError: a word of consent could not be kept.
        """
        if self.overlay is not None:
            with self._store.lease() as live:
                self.overlay.take(arrivals, microseconds(now), _customer_of(live))

    def suppressed(self, arrivals: Sequence[Arrival], now: datetime) -> list[bool]:
        """Which events must not be kept: after a refusal of analytics, or without a yes where one is needed first.

        Without an overlay that is left to intake, which knows all that was said.

        Raises:
            ConsentUnknownError: what intake knows of consent cannot be read, and an event needs it.
        """
        overlay = self.overlay
        if overlay is None:
            return [False] * len(arrivals)
        with self._store.lease() as live:
            has_words = "word" in overlay.filled()

            def words(arrival: Arrival) -> Sequence[Word]:
                return self._words(overlay, live, arrival.pairs, has_words)

            since = words if has_words or (live is not None and live.has_refusals) else None
            answers = suppressed(arrivals, since, self._config.rules(), self._config.said_before, microseconds(now))
        overlay.counts.suppressed += sum(answers)
        return answers

    def unheard(self, words: Sequence[Arrival]) -> list[Arrival]:
        """Of these words of consent those that tell something new."""
        if self.overlay is None or not words:
            return []
        pairs = {pair for word in words for pair in word.pairs}
        return unheard(words, self.overlay.words(pairs, ()))

    def moment_to_speak(self, pairs: Sequence[Pair], purpose: str, now: datetime) -> datetime:
        """Now, or just after what these identifiers said last of a purpose: a clock that was set back a little would
        else put a word that is said now before it, and it would count for nothing."""
        if self.overlay is None:
            return now
        said = [word.at_us for word in self.overlay.words(pairs, ()) if word.purpose == purpose]
        later = timedelta(microseconds=max(said, default=0) + 1 - microseconds(now))
        return now + later if timedelta() < later <= self._config.future_tolerance else now

    def filled(self) -> frozenset[str]:
        """Tables of the overlay that hold something: one look for a request, which then spares the empty ones."""
        return _EMPTY if self.overlay is None else self.overlay.filled()

    def person(
        self,
        person: Person,
        identifiers: Sequence[Pair],
        context: Context = _NOWHERE,
        filled: frozenset[str] | None = None,
    ) -> Person:
        """The person with what was said of consent since the snapshot, and what silence means where they are."""
        words: Sequence[Word] = ()
        if self.overlay is not None and "word" in (self.filled() if filled is None else filled):
            words = self.overlay.words(identifiers, person.customer_ids)
            person = with_words(person, words)
        return under_regime(person, self._config.rules(), context.country, context.region, words)

    def visit(
        self,
        live: LiveSnapshot,
        person: Person,
        identifiers: Sequence[Pair],
        now: datetime,
        session_id: str | None = None,
        filled: frozenset[str] | None = None,
    ) -> Visit | None:
        """What the person is doing now, and what they drew in experiments; None when nothing is known, or when they
        are not to be profiled."""
        filled = self.filled() if filled is None else filled
        if self.overlay is None or _OF_VISITS.isdisjoint(filled) or not person.is_profiled:
            return None
        told: dict[str, Value] = {}
        customer = person.profile.customer_id if person.profile is not None else None
        if "pointer" in filled:
            at_us = microseconds(now)
            state = self.overlay.sessions(identifiers, customer, at_us)
            if state is not None:
                told |= visit_of(self.overlay.reducer, state, at_us, live.session_features, live.visit_scores)
        if "seen" in filled and live.watched.names:
            told |= told_of(live.watched, *self.overlay.seen(identifiers, customer))
        if "assigned" in filled and live.trials.remembering:
            account = None if person.profile is None else person.profile.account_id
            whose = Whose(tuple(identifiers), session_id, account)
            told |= draws_told(self.overlay.assigned(whose, live.trials.remembering, customer))
        return told or None

    def assigned(
        self, live: LiveSnapshot, person: Person, identifiers: Sequence[Pair], decision: Decision, now: datetime
    ) -> None:
        """Let later decisions of every worker, and of other devices of the person, know a first draw."""
        part = decision.experiment
        if self.overlay is None or not isinstance(part, Enrolment):
            return
        conditional = decision.conditional_propensity
        drawn = decision.propensity if conditional is None else conditional
        draw = remembered_from(part, drawn, int(now.timestamp()))
        account = None if person.profile is None else person.profile.account_id
        whose = whose_draw(part, account, identifiers)
        if draw is not None and whose != Whose():
            self.overlay.assign(whose, part.key, draw, _customer_of(live))

    def shown(self, live: LiveSnapshot, identifiers: Sequence[Pair], placement: str, action: str, at: datetime) -> None:
        """Let the next decision of every worker know that an action with a cap or a question was shown."""
        names = live.watched.noted_for(placement, action)
        if self.overlay is not None and names and identifiers:
            own = [pair for pair in identifiers if pair[0] not in HINT_TYPES]
            self.overlay.show(own, names, int(at.timestamp()), _customer_of(live))

    def exposed(
        self,
        live: LiveSnapshot,
        identifiers: Sequence[Pair],
        session_id: str | None,
        placement: str,
        action: str,
        at: datetime,
    ) -> None:
        """Let drawn arms that show this action be known as seen: of two first draws the one seen first counts."""
        arms = live.trials.arms_showing(placement, action)
        if self.overlay is not None and arms and (identifiers or session_id):
            own = tuple(pair for pair in identifiers if pair[0] not in HINT_TYPES)
            self.overlay.expose(Whose(own, session_id), arms, int(at.timestamp()), _customer_of(live))

    def reindex(self) -> None:
        """Follow a new snapshot; with the people of the one before, everything stands where it belongs already."""
        with self._store.lease() as live:
            people = _people(live)
            if people is not None and people == self._indexed:
                return
            self._refusals = {}
            if self.overlay is not None:
                self.overlay.reindex(_customer_of(live), _looks_back_until(live))
            self._indexed = people

    def tidy(self) -> None:
        """Forget what ended, every few seconds."""
        now_us = microseconds(self._config.clock.now())
        if self.overlay is not None and now_us - self._tidied_us > _TIDY_SECONDS * 1_000_000:
            self._tidied_us = now_us
            self.overlay.tidy(now_us)

    def close(self) -> None:
        """Let go of the overlay; the last worker gives its memory back."""
        overlay, self.overlay = self.overlay, None
        if overlay is not None and self._config.overlay is not None:
            overlay.close()
            discard(self._config.overlay)

    def _open(self, folder: Path, recovered: Iterable[Path]) -> None:
        shared = open_overlay(folder, self._config.overlay_megabytes)
        overlay = Overlay(shared, shipped_reducer())
        with self._store.lease() as live:
            log = LoggedArrivals(overlay, self._config.clock.now(), _customer_of(live), self._sealed_calls())
            if shared.is_new:
                log.rebuild(self._config.service_log)
                self._hear_by_hand(overlay, _customer_of(live))
                if live is not None and live.trials.remembering:
                    draws = LoggedDraws(overlay, live.trials, _customer_of(live), live.reader.profile)
                    draws.rebuild(self._config.service_log, _looks_back_until(live) / 1e6)
                overlay.reindex(_customer_of(live), _looks_back_until(live))
            else:
                log.replay(recovered)
        self.overlay = overlay

    def _hear_by_hand(self, overlay: Overlay, customer_of: CustomerOf) -> None:
        store, now_us = self._config.ops, microseconds(self._config.clock.now())
        if store is None:
            return
        since = datetime.fromtimestamp((now_us - WORDS_OUTLIVE_US) / 1e6, UTC)
        try:
            for word in words_by_hand(store, since):
                overlay.take_words([word], word.at_us, customer_of)
        except (OpsStoreError, sqlite3.Error, OverlayFullError) as error:
            _LOG.error("words of consent that were noted by hand wait for the next snapshot: %s", error)

    def _sealed_calls(self) -> SealedCalls | None:
        mapping = self._config.segment_calls
        return None if mapping is None else SealedCalls(opener(self._config.cipher), mapping)

    def _do_without(self, problem: str) -> None:
        self.problem = problem
        _LOG.error("no live overlay, decisions know the snapshot alone: %s", problem)

    def _words(
        self, overlay: Overlay, live: LiveSnapshot | None, pairs: Sequence[Pair], has_words: bool
    ) -> Sequence[Word]:
        """What was said of consent by these identifiers and for their customers, and refusals that the batch knows."""
        known: list[Word] = []
        if live is not None and live.has_refusals:
            known = [word for pair in pairs for word in self._refused(live, pair)]
        if not has_words:
            return known
        customer_of = _customer_of(live)
        customers = {name for pair in pairs if (name := customer_of(pair)) is not None}
        words = overlay.words(pairs, customers)
        return [*words, *standing(known, words)]

    def _refused(self, live: LiveSnapshot, pair: Pair) -> tuple[Word, ...]:
        found = self._refusals.get(pair)
        if found is None:
            if len(self._refusals) >= _REFUSALS_KEPT:
                self._refusals = {}
            customer = live.reader.customer_id(*pair)
            profile = None if customer is None else live.reader.profile(customer)
            said = () if profile is None else profile.refusals.get(PURPOSE, ())
            found = self._refusals[pair] = tuple(Word(PURPOSE, False, at_us, at_us, owner) for owner, at_us in said)
        return found


def _customer_of(live: LiveSnapshot | None) -> Callable[[Pair], str | None]:
    if live is None:
        return lambda pair: None  # noqa: ARG005
    reader = live.reader
    return lambda pair: reader.customer_id(*pair)


def _people(live: LiveSnapshot | None) -> People:
    if live is None:
        return None
    manifest = live.reader.manifest
    delta = manifest.files[DELTA_FILE].sha256 if manifest.has_delta else ""
    return manifest.files[DATA_FILE].sha256, delta, manifest.as_of


def _looks_back_until(live: LiveSnapshot | None) -> int:
    if live is None:
        return 0
    return microseconds(datetime.fromisoformat(live.reader.manifest.as_of)) - WORDS_OUTLIVE_US
