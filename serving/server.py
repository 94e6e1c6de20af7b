"""Run the service with uvicorn: on the loopback, or anywhere once an API key is configured."""

from __future__ import annotations

import gc
import ipaddress
import logging
import os

import uvicorn
from starlette.applications import Starlette

from intake.project import Project
from serving.app import create_app
from serving.configuration import ServiceConfigError, service_config

_DRAIN_SECONDS = 10


# At Python's own threshold of 700 looking for cycles took 15 % of a worker's CPU under events in batches of 100, each
# of which makes some 3,000 objects that die with the request; there are hardly any cycles to find.
_LOOKS_FOR_CYCLES = (50_000, 20, 50)


def build() -> Starlette:
    """Application of one worker process, from `CONCIERGE_DATA` and `CONCIERGE_CONFIG`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app = create_app(service_config(Project.open()))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_LOOKS_FOR_CYCLES)
    return app


def check_binding(host: str, api_key: str | None) -> None:
    """Refuse to listen beyond the loopback without a key.

    Raises:
        ServiceConfigError: names the host and what is needed.
    """
    if api_key is None and not is_loopback(host):
        raise ServiceConfigError(f"host: {host!r} is not the loopback; set CONCIERGE_API_KEY or use 127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(project: Project, *, host: str | None = None, port: int | None = None, workers: int | None = None) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished and the logs are closed.

    Args:
        project: data and configuration folder, handed on to the workers through the environment.
        host: default `serving.host` of the settings.
        port: default `serving.port`.
        workers: processes, default `serving.workers`.

    Raises:
        ServiceConfigError: no key for a host beyond the loopback, or a key that is too short.
        VocabularyError: `event_types.yml` is missing or malformed.
    """
    settings = project.settings.serving
    check_binding(host or settings.host, service_config(project).api_key)
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
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
