"""`concierge identity token`: vouch for somebody by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project


def token(
    identifiers: Annotated[
        list[str], typer.Argument(metavar="TYPE:VALUE", help="Whom the token vouches for; several for one person.")
    ],
    hours: Annotated[float, typer.Option("--hours", min=0.01, max=720, help="How long it is valid.")] = 1.0,
) -> None:
    """Mint a user token, as the shop's own back end does for who is logged in, and print it alone.

    Events posted with it tie these identifiers together. It holds keyed hashes, no value in clear, and it is signed
    with CONCIERGE_USER_TOKEN_SECRET or data/keys/user_token.key: whoever has that can vouch for anybody.
    """
    from intake.user_token import mint_token, token_secret
    from orchestration.cli.console import say
    from orchestration.cli.naming import hashed

    project = open_project()
    claims = [(kind, hashed(project, kind, value)) for kind, value in map(_pair, identifiers)]
    say(mint_token(token_secret(project.paths), claims, project.clock.now(), timedelta(hours=hours)))


def _pair(text: str) -> tuple[str, str]:
    from intake.event import IDENTIFIER_TYPES
    from serving.http.vouching import OF_THE_BROWSER

    kind, colon, value = text.partition(":")
    if not colon or kind not in IDENTIFIER_TYPES:
        raise typer.BadParameter(f"write TYPE:VALUE; types: {', '.join(IDENTIFIER_TYPES)}")
    if kind in OF_THE_BROWSER:
        raise CommandError(f"{kind}: the browser names it by itself; a token vouches for a person's identifiers")
    return kind, value
