"""Run the service with uvicorn: on the loopback, or anywhere once there is a key."""

from __future__ import annotations

import gc
import logging
import os
from dataclasses import replace

import uvicorn
from starlette.applications import Starlette

from intake.project import Project
from serving.access.key import KeyFault
from serving.access.key_file import KeyFile
from serving.app import create_app
from serving.configuration import ServiceConfigError, service_config
from serving.http.gate import is_loopback
from serving.open_files import allow_most, connections_within
from serving.parent import end_with_parent

_LOG = logging.getLogger(__name__)
_DRAIN_SECONDS = 10


# At Python's own threshold of 700 looking for cycles took 15 % of a worker's CPU under events in batches of 100, each
# of which makes some 3,000 objects that die with the request; there are hardly any cycles to find.
_LOOKS_FOR_CYCLES = (50_000, 20, 50)


def build() -> Starlette:
    """Application of one worker process, from `CONCIERGE_DATA` and `CONCIERGE_CONFIG`."""
    end_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    config = service_config(Project.open())
    connections, said = connections_within(config.max_connections)
    if said is not None:
        _LOG.warning(said)
    app = create_app(replace(config, max_connections=connections))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_LOOKS_FOR_CYCLES)
    return app


def check_binding(host: str, has_key: bool) -> None:
    """Refuse to listen beyond the loopback without a key.

    Raises:
        ServiceConfigError: names the host and what is needed.
    """
    if not has_key and not is_loopback(host):
        message = f"host: {host!r} is not the loopback and there is no key; make one with: concierge api-keys create"
        raise ServiceConfigError(f"{message} shop --scope decide --scope ingest, or use 127.0.0.1")


def has_server_key(project: Project) -> bool:
    """Whether some key of a server is in force: from the environment, or made on the command line.

    Raises:
        ServiceConfigError: the key file cannot be read, or the key of the environment is too short.
    """
    if service_config(project).api_key is not None:
        return True
    now = project.clock.now()
    try:
        return any(key.is_accepted(now) and not key.browser for key in KeyFile(project.paths.keys).every())
    except KeyFault as error:
        raise ServiceConfigError(str(error)) from None


def who_may_call(project: Project) -> str:
    """One line on that, for whoever starts the service."""
    if has_server_key(project):
        return "keys are asked for; list them with: concierge api-keys list"
    return "no keys yet: only this machine is served, and it may do everything; see concierge api-keys create --help"


def serve(project: Project, *, host: str | None = None, port: int | None = None, workers: int | None = None) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished and the logs are closed.

    Args:
        project: data and configuration folder, handed on to the workers through the environment.
        host: default `serving.host` of the settings.
        port: default `serving.port`.
        workers: processes, default `serving.workers`.

    Raises:
        ServiceConfigError: no key for a host beyond the loopback, or a key that is too short or unreadable.
        VocabularyError: `event_types.yml` is missing or malformed.
    """
    settings = project.settings.serving
    check_binding(host or settings.host, has_server_key(project))
    allow_most()
    os.environ["CONCIERGE_DATA"] = str(project.paths.root)
    os.environ["CONCIERGE_CONFIG"] = str(project.config)
    uvicorn.run(
        "serving.server:build",
        factory=True,
        host=host or settings.host,
        port=port or settings.port,
        workers=workers or settings.workers,
        access_log=False,
        server_header=False,
        log_level="warning",
        http="serving.http.protocol:PatientProtocol",
        ws="none",
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
