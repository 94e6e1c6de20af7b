"""Dates and instants as the command line takes them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import typer


def instant(text: str) -> datetime:
    """A UTC instant from `2017-10-02` (its midnight) or `2017-10-02T05:00:00Z`.

    Raises:
        typer.BadParameter: not ISO 8601. A time without a zone is read as UTC.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date; write 2017-10-02 or 2017-10-02T05:00:00Z") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def day(text: str) -> date:
    """A calendar day (UTC) from `2017-10-02`.

    Raises:
        typer.BadParameter: anything else.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a day; write 2017-10-02") from error
