"""`concierge export`: audiences and moves between segments, for the tools that write to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.moments import day
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    import pandas as pd

    from intake.project import Project
    from orchestration.audience.members import Audience
    from orchestration.cli.published import Published

export = typer.Typer(
    help="Audiences, decisions and moves between segments, as files or over a webhook.", no_args_is_help=True
)

Output = Annotated[
    str, typer.Option("--to", metavar="FILE|URL", help="A .csv or .parquet file (mode 600), or an http(s) address.")
]


AsId = Annotated[
    str,
    typer.Option("--as", metavar="ID", help="customer_id, email, email_sha256, phone, phone_sha256; or with --ids"),
]
Ids = Annotated[
    Path | None, typer.Option("--ids", metavar="FILE", help="Your own ids (CSV), of the type that --as names.")
]
Channel = Annotated[str, typer.Option("--channel", help="email, sms, push, phone, post or ads.")]


@dataclass(frozen=True)
class _Target:
    """Where rows go, under which ids, and for which channel."""

    to: str
    as_id: str
    channel: str


@export.command("audience")
def audience(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="A persona, a rule segment, or all.")],
    channel: Channel,
    to: Output,
    as_id: AsId = "customer_id",
    ids: Ids = None,
) -> None:
    """Write who is in a segment and may be reached over a channel, with persona and reason.

    Consent to the channel, and to being profiled, is asked at this moment: a refusal counts that no run has heard of
    yet. Addresses come out of the vault; `…_sha256` is what advertising networks take. With --ids the rows carry the
    shop's own ids, and members who are not on that list stay out.
    """
    project, published, found = _members(segment, channel, to)
    rows = _named(project, published, found.members, as_id, ids)
    _hand_over(project, published, found, rows, _Target(to, as_id, channel), segment)


@export.command("decisions")
def decisions(
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="What is to be filled, as weekly_email_offer.")],
    channel: Channel,
    to: Output,
    segment: Annotated[
        str, typer.Option("--segment", metavar="SEGMENT", help="A persona, a rule segment, or all.")
    ] = "all",
    as_id: AsId = "customer_id",
    ids: Ids = None,
) -> None:
    """Write what each member of a segment is to be shown on a placement, with the reason, for letters and ads.

    The answers are the service's own and are logged as decisions. A placement with `exposure: on_decide` counts each as
    shown; of others report the `personalization_id` of those that were. Consent is asked as in `export audience`.
    """
    from orchestration.audience.decisions import AudienceError, decide_members
    from orchestration.audience.members import owners_of

    project, published, found = _members(segment, channel, to)
    name = f"{placement}-{segment}-{published.version}"
    # Whoever cannot be handed over is not decided for: a placement may count as shown with its decision.
    members = _named(project, published, found.members, as_id, ids)
    try:
        rows = decide_members(project, members, owners_of(published), placement, channel, name)
    except AudienceError as error:
        raise CommandError(str(error)) from error
    _hand_over(project, published, found, rows, _Target(to, as_id, channel), f"{placement}-{segment}")


@export.command("moves")
def moves(
    since: Annotated[date, typer.Option("--since", parser=day, metavar="DAY", help="From this day on (UTC).")],
    to: Output,
) -> None:
    """Write who entered and who left which segment since a day, by customer id."""
    from orchestration.audience.feed import feed
    from orchestration.cli.console import say
    from orchestration.cli.published import Published

    _check_target(to)
    published = Published.current(open_project().paths)
    rows = feed(published, since)
    rows["moved_on"] = rows["moved_on"].astype("string")
    say(f"{len(rows):,} moves since {since} to {_deliver(rows, to, f'moves-{published.version}')}")


def _members(segment: str, channel: str, to: str) -> tuple[Project, Published, Audience]:
    from orchestration.audience.members import CHANNELS, UnknownSegmentError
    from orchestration.audience.members import audience as members_of
    from orchestration.cli.published import Published

    if channel not in CHANNELS:
        raise typer.BadParameter(f"--channel: {channel!r}; allowed: {', '.join(CHANNELS)}")
    _check_target(to)
    project = open_project()
    published = Published.current(project.paths)
    try:
        return project, published, members_of(project, published, segment, channel)
    except UnknownSegmentError as error:
        raise CommandError(str(error)) from error


def _hand_over(
    project: Project, published: Published, found: Audience, rows: pd.DataFrame, target: _Target, name: str
) -> None:
    from orchestration.audience.members import noted
    from orchestration.cli.actor import current_actor
    from orchestration.cli.console import say

    rows = rows.drop(columns="customer_id")
    # Before the first row leaves: a webhook that fails half way has had some of them.
    noted(project, name, len(rows), current_actor(), _told(target.to))
    where = _deliver(rows, target.to, f"{name}-{published.version}")
    say(f"{name}: {len(rows):,} people to {where}")
    missing = len(found.members) - len(rows)
    left_out = f"{found.without_consent:,} without consent to {target.channel} or to a profile"
    say(f"left out: {left_out}, {missing:,} without {target.as_id}")


def _named(
    project: Project, published: Published, members: pd.DataFrame, kind: str, ids: Path | None
) -> pd.DataFrame:  # fmt: skip
    from intake.event import IDENTIFIER_TYPES
    from orchestration.audience.addresses import KINDS, OURS, AddressError, addresses, own_ids
    from orchestration.audience.members import owners_of

    if kind == OURS:
        return members.assign(id=members[OURS])[["id", *members.columns]]
    if ids is None and kind not in KINDS:
        raise typer.BadParameter(f"--as: {kind!r}; allowed: {', '.join(KINDS)}; other ids need --ids FILE")
    if ids is not None and kind not in IDENTIFIER_TYPES:
        raise typer.BadParameter(f"--as: {kind!r} with --ids; allowed: {', '.join(IDENTIFIER_TYPES)}")
    owners = owners_of(published)
    try:
        known = addresses(project, owners, kind) if ids is None else own_ids(project, owners, kind, ids)
    except AddressError as error:
        raise CommandError(str(error)) from error
    return known.merge(members, on=OURS).sort_values("id").reset_index(drop=True)


def _is_url(target: str) -> bool:
    return urlsplit(target).scheme in ("http", "https")


def _check_target(target: str) -> None:
    from orchestration.audience.delivery import FORMATS

    if not _is_url(target) and Path(target).suffix.removeprefix(".") not in FORMATS:
        raise typer.BadParameter(f"--to: {target!r}; allowed: a file ending in .csv or .parquet, or an http(s) address")


def _told(target: str) -> str:
    """Where to, without what an address may hold in secret."""
    return urlsplit(target).netloc.rpartition("@")[2] if _is_url(target) else Path(target).name


def _deliver(rows: pd.DataFrame, target: str, name: str) -> str:
    from orchestration.audience.delivery import DeliveryError, post, write_file

    if not _is_url(target):
        file = Path(target)
        write_file(rows, file, file.suffix.removeprefix("."))
        return f"{file}, mode 600"
    try:
        batches = post(rows, target, name)
    except DeliveryError as error:
        raise CommandError(f"{_told(target)}: {error}") from error
    return f"{_told(target)} in {batches} batches"
