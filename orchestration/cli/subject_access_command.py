"""`concierge subject-access`: everything that is held about a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.actor import current_actor
from orchestration.cli.erase_command import pairs_of
from orchestration.cli.project import open_project


def subject_access(
    words: Annotated[
        list[str],
        typer.Argument(metavar="TYPE VALUE …", help="Identifiers of one person, in clear: email ann@shop.org"),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="JSON; a page is written beside it (.html).")
    ] = None,
) -> None:
    """Write everything that every store holds about a person, with meaning, sources, retention and recipients.

    Both files have mode 600. Who asked and when is noted in ops.sqlite, the person by a tombstone only. Without
    --output the JSON goes to standard output.
    """
    from orchestration.cli.console import say
    from orchestration.erasure.access import held_about, write_private
    from orchestration.erasure.access_page import page

    pairs = pairs_of(words)
    if not pairs:
        raise typer.BadParameter("name the person by TYPE VALUE")
    said = held_about(open_project(), pairs, current_actor())
    text = json.dumps(said, indent=1, default=str, ensure_ascii=False) + "\n"
    if output is None:
        typer.echo(text, nl=False)
        return
    write_private(output, text)
    readable = output.with_suffix(".html")
    write_private(readable, page(json.loads(text)))
    rows = sum(len(found) for found in said["held"].values())
    say(f"{output} and {readable.name}: {rows:,} rows from {len(said['held'])} places; keep them safe, mode 600")
