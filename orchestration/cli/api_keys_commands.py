"""`concierge api-keys`: who may call the lookup service."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from datetime import datetime

    from serving.access.key import Key
    from serving.access.key_file import KeyFile

api_keys = typer.Typer(help="Who may call the lookup service.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What uses it, e.g. shop, mailer, web.")]


@api_keys.command("create")
def create(
    name: Name,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="read, ingest, decide or admin; give it once for each.")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser", help="Public, for the shop's pages: ingest and decide for its own cookie.")
    ] = False,
    origin: Annotated[
        list[str] | None, typer.Option("--origin", help="A browser's pages, as https://shop.example; * is any.")
    ] = None,
    per_second: Annotated[
        float | None, typer.Option("--per-second", help="Requests in the long run. Else: settings.")
    ] = None,
    burst: Annotated[int | None, typer.Option("--burst", help="Requests at once. Else: settings.")] = None,
) -> None:
    """Make a key. It is shown this once; what is kept is a digest. Running workers accept it within a second."""
    keys, now = _opened()
    key, secret = keys.create(
        name, scope or [], now, origins=origin or [], browser=browser, per_second=per_second, burst=burst
    )
    _show(key, secret)


@api_keys.command("list")
def list_keys(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are revoked or expired.")] = False,
) -> None:
    """Show the keys that are in force, without their secrets."""
    from orchestration.cli.console import say

    keys, now = _opened()
    known = keys.every()
    shown = [key for key in known if everything or key.is_accepted(now)]
    if not known:
        say("no keys: only this machine is served, and it may do everything; make one with: concierge api-keys create")
    elif not shown:
        say("no key is in force: the service refuses everybody until one is made; --all shows those of before")
    for key in shown:
        say(_line(key, now))


@api_keys.command("rotate")
def rotate(
    name: Name,
    keep_old: Annotated[
        float, typer.Option("--keep-old", min=0, max=8_760, metavar="HOURS", help="How long the old one goes on.")
    ] = 24.0,
) -> None:
    """Make a new secret for a key. The old one goes on for a day, so that clients can change over; 0 ends it now."""
    from orchestration.cli.console import say

    keys, now = _opened()
    key, secret = keys.rotate(name, now, timedelta(hours=keep_old))
    _show(key, secret)
    say(f"the one before is accepted until {now + timedelta(hours=keep_old):%Y-%m-%d %H:%M} (the project's clock)")


@api_keys.command("revoke")
def revoke(name: Name) -> None:
    """Take a key out of force, with every secret it had. Running workers refuse it within a second."""
    from orchestration.cli.console import say

    keys, now = _opened()
    ended = keys.revoke(name, now)
    say(f"revoked: {name} ({ended} secret{'s' if ended > 1 else ''})")
    if not any(key.is_accepted(now) for key in keys.every()):
        say("no key is left: the service refuses everybody until one is made")


def _opened() -> tuple[KeyFile, datetime]:
    from serving.access.key_file import KeyFile

    project = open_project()
    return KeyFile(project.paths.keys), project.clock.now()


def _show(key: Key, secret: str) -> None:
    from orchestration.cli.console import say

    what = f"for pages of {', '.join(key.origins)}" if key.browser else "keep it secret"
    say(f"{key.name}: {', '.join(key.scopes)}; {what}. It is not shown again:")
    say(secret)


def _line(key: Key, now: datetime) -> str:
    ends = f" until {key.expires_at:%Y-%m-%d %H:%M}" if key.state(now) == "ending" else ""
    kind = f"browser, {', '.join(key.origins)}" if key.browser else "server"
    limit = f"{key.per_second:g}/s" if key.per_second else "usual limit"
    made = f"{key.created_at:%Y-%m-%d %H:%M}"
    return f"{key.name:<20} {key.key_id}  {key.state(now)}{ends}  {','.join(key.scopes)}  {kind}  {limit}  made {made}"
