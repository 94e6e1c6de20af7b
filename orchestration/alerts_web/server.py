"""Serves the page on loopback until it is interrupted."""

from __future__ import annotations

import socket

import uvicorn

from intake.project import Project
from orchestration.alerts_web.app import create_app
from orchestration.cli.console import say

HOST = "127.0.0.1"


def serve(project: Project, port: int, actor: str) -> None:
    """Listen on 127.0.0.1 and print where.

    Raises:
        OSError: the port is taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise OSError(f"port {port} on {HOST} is taken; choose another with --port") from error
        say(f"alerts: http://{HOST}:{listener.getsockname()[1]}/  (Ctrl+C ends it)")
        config = uvicorn.Config(create_app(project, actor), log_level="warning", lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])
