"""What one worker of the service needs to know."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from cryptography.fernet import Fernet

from intake.clock import Clock
from intake.contract import load_contract
from intake.event import EventType, load_event_types
from intake.hashing import hash_identifier
from intake.identifiers import Hasher
from intake.keys import identifier_key_bytes, quarantine_cipher
from intake.live_mapping import LiveMapping
from intake.ops_records import ConsentChange
from intake.ops_store import OpsStore
from intake.project import Project
from intake.regime import ConsentRules
from intake.settings_pausing import PausingSettings
from intake.user_token import token_secret
from serving.access.key import Key
from serving.access.key_file import KeyFile
from serving.access.limits import USUAL_LIMITS, Limit, Limits
from serving.access.origin import named_origins
from serving.access.ring import given_browser_key, given_key
from serving.overlay.place import overlay_folder
from serving.overlay.said_before import SaidBefore
from serving.silence import FollowedRules

API_KEY_VARIABLE = "CONCIERGE_API_KEY"
BROWSER_KEY_VARIABLE = "CONCIERGE_BROWSER_KEY"
BROWSER_ORIGINS_VARIABLE = "CONCIERGE_BROWSER_ORIGINS"
SEGMENT_CONTRACT = "segment_events"
# Reads its own part of the same calls.
SEGMENT_LISTS = "segment_lists"
MINIMUM_KEY_LENGTH = 16
PATIENCE_SECONDS = 0.5
"""How long a look at the pauses waits for a locked `ops.sqlite`."""


_USUAL_RULES = ConsentRules()
# Only a project's own settings make a service pause by itself.
_NO_PAUSING = PausingSettings(enabled=False)


class ServiceConfigError(ValueError):
    """The service cannot be started like this; the message names the setting, its value and its bound."""


@dataclass(frozen=True)
class ServiceConfig:
    """Everything the application is built from.

    `hash_identifier` turns (type, clear value) into the keyed hash, or None for a placeholder. `paused_scopes`
    reads the kill switch; it and the pointer are polled every `poll_seconds`, so both take effect within a second.
    Without `user_token_secret` no user token is accepted. `browser_key` is public: with it a browser may ingest and
    decide for its own cookie, from pages of `browser_origins`; `key_file` has the keys made on the command line.
    `cipher` seals what names people in clear. Without `overlay` nothing is known of live sessions and consent. `rules`
    says what holds for people who have said nothing, `said_before` what identifiers (hashes) have said so far.
    `deadline_ms` and `queue_limit` say when the answers prepared for everybody are given. `ops` holds pauses and
    alerts; without it neither can be written. `pausing` says when the service pauses a surface by itself.
    """

    snapshots: Path
    service_log: Path
    hash_identifier: Callable[[str, str], str | None]
    paused_scopes: Callable[[], frozenset[str]]
    clock: Clock
    event_types: Mapping[str, EventType]
    worker: str
    cipher: Callable[[], Fernet]
    api_key: str | None = None
    browser_key: str | None = None
    browser_origins: tuple[str, ...] = ()
    key_file: KeyFile | None = None
    limits: Limits = USUAL_LIMITS
    deadline_ms: float = 1_000.0
    queue_limit: int = 256
    cache_seconds: int = 60
    body_seconds: float = 20.0
    max_connections: int = 20_000
    ops: OpsStore | None = None
    segment_calls: LiveMapping | None = None
    user_token_secret: bytes | None = None
    earliest_event: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    future_tolerance: timedelta = timedelta(seconds=300)
    poll_seconds: float = 0.5
    max_body_bytes: int = 1 << 20
    segment_seconds: float = 30.0
    rules: Callable[[], ConsentRules] = lambda: _USUAL_RULES
    said_before: Callable[[Sequence[str]], Iterable[ConsentChange]] = lambda hashes: ()  # noqa: ARG005
    overlay: Path | None = None
    overlay_megabytes: int = 128
    pausing: PausingSettings = _NO_PAUSING

    def given_keys(self) -> list[Key]:
        """The keys that come from the environment."""
        keys = [] if self.api_key is None else [given_key(API_KEY_VARIABLE, self.api_key, 0)]
        if self.browser_key is not None:
            keys.append(given_browser_key(BROWSER_KEY_VARIABLE, self.browser_key, 1, self.browser_origins))
        return keys


def service_config(project: Project, api_key: str | None = None) -> ServiceConfig:
    """The configuration of a project's service; the key comes from `CONCIERGE_API_KEY` unless given.

    Raises:
        ServiceConfigError: the API key is too short, or a browser's origin is none.
        VocabularyError: `event_types.yml` is missing or malformed.
        ConfigFileError: `consent.yml` is wrong.
    """
    key = api_key if api_key is not None else os.environ.get(API_KEY_VARIABLE) or None
    if key is not None and len(key) < MINIMUM_KEY_LENGTH:
        raise ServiceConfigError(f"{API_KEY_VARIABLE}: {len(key)} characters; at least {MINIMUM_KEY_LENGTH} are needed")
    try:
        origins = named_origins(os.environ.get(BROWSER_ORIGINS_VARIABLE, ""))
    except ValueError as error:
        raise ServiceConfigError(f"{BROWSER_ORIGINS_VARIABLE}: {error}") from None
    intake = project.settings.intake
    secret = identifier_key_bytes(project.paths)
    store = OpsStore(project.paths)
    # Read twice a second: who waits for a locked database is late, and the last known state stays in force.
    switch = OpsStore(project.paths, busy_seconds=PATIENCE_SECONDS)
    serving = project.settings.serving
    return ServiceConfig(
        snapshots=project.paths.snapshots,
        service_log=project.paths.service_log,
        hash_identifier=partial(hash_identifier, secret, region=intake.default_region),
        paused_scopes=lambda: frozenset(pause.scope for pause in switch.pauses()),
        clock=project.clock,
        event_types=load_event_types(project.config),
        worker=f"{project.clock.now():%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(3)}",
        cipher=cache(partial(quarantine_cipher, project.paths)),
        api_key=key,
        browser_key=os.environ.get(BROWSER_KEY_VARIABLE) or None,
        browser_origins=origins,
        key_file=KeyFile(project.paths.keys),
        limits=Limits(
            Limit(serving.key_per_second, serving.key_burst), Limit(serving.visitor_per_second, serving.visitor_burst)
        ),
        deadline_ms=serving.deadline_ms,
        queue_limit=serving.queue_limit,
        cache_seconds=serving.cache_seconds,
        body_seconds=serving.body_seconds,
        max_connections=serving.max_connections,
        ops=store,
        segment_calls=_segment_calls(project, secret),
        user_token_secret=token_secret(project.paths),
        earliest_event=intake.earliest_event,
        future_tolerance=timedelta(seconds=intake.future_tolerance_seconds),
        rules=FollowedRules(project.config).now,
        said_before=SaidBefore(store),
        overlay=overlay_folder(project.paths.root),
        overlay_megabytes=serving.overlay_megabytes,
        pausing=project.settings.pausing,
    )


def _segment_calls(project: Project, secret: bytes) -> LiveMapping | None:
    """The mapping of Segment's calls; None where the project has no contract of that name."""
    file = project.sources / f"{SEGMENT_CONTRACT}.yml"
    if not file.exists():
        return None
    intake, lists = project.settings.intake, project.sources / f"{SEGMENT_LISTS}.yml"
    return LiveMapping(
        contract=load_contract(file),
        hasher=Hasher(secret, intake.default_region),
        vocabulary=load_event_types(project.config),
        currency=project.settings.currency,
        earliest=intake.earliest_event,
        tolerance_seconds=intake.future_tolerance_seconds,
        beside=(load_contract(lists),) if lists.exists() else (),
    )
