"""`concierge shop`: a small shop on the published catalogue, to watch personalization in."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.project import open_project

DEFAULT_PORT = 8080


def shop(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")] = DEFAULT_PORT,
) -> None:
    """Open a small shop that personalizes as you browse, with a lookup service of its own, until Ctrl+C.

    Its pages sell the published best sellers; slots are filled by the browser snippet, and a column says why. A
    loyalty card makes you a known customer; a product looked at twice, a cart, an order or a refusal count at once.
    """
    from orchestration.cli.errors import CommandError
    from orchestration.demo.service import ServiceNotReadyError
    from orchestration.shop.server import serve

    try:
        serve(open_project(), port)
    except (OSError, ServiceNotReadyError) as error:
        raise CommandError(str(error)) from error
