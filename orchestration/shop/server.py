"""Runs the shop and a lookup service of its own on loopback until it is interrupted."""

from __future__ import annotations

import os
import socket

import uvicorn

from intake.project import Project
from orchestration.cli.console import say
from orchestration.cli.published import Published
from orchestration.demo.service import running_service
from orchestration.shop.app import create_app
from orchestration.shop.catalogue import Catalogue
from serving.configuration import API_KEY_VARIABLE

HOST = "127.0.0.1"


def serve(project: Project, port: int) -> None:
    """Listen on 127.0.0.1 and print where.

    Raises:
        CommandError: nothing is published yet.
        ServiceNotReadyError: the lookup service did not start.
        OSError: the port is taken.
    """
    catalogue = Catalogue(Published.current(project.paths))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise OSError(f"port {port} on {HOST} is taken; choose another with --port") from error
        with running_service(project.paths.service_log / "shop.out") as service:
            say(f"shop: http://{HOST}:{listener.getsockname()[1]}/  (lookup service: {service}; Ctrl+C ends both)")
            app = create_app(catalogue, service, os.environ.get(API_KEY_VARIABLE))
            uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
