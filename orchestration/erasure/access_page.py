"""A subject access as a page that people can read."""

from __future__ import annotations

from html import escape
from typing import Any

_STYLE = "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;margin:.5em 0 2em}td,th{border:1px solid #bbb;padding:.2em .5em;text-align:left;vertical-align:top}"  # noqa: E501
# The JSON beside it has every row; a page of a hundred thousand helps nobody.
ROWS_SHOWN = 500


def page(said: dict[str, Any]) -> str:
    """The whole page; everything that came from outside is escaped."""
    parts = [
        f"<!doctype html><meta charset=utf-8><title>What is held</title><style>{_STYLE}</style>",
        f"<h1>What is held about one person, {escape(said['made_at'])}</h1>",
        *(f"<p>{escape(note)}</p>" for note in said["notes"]),
        _table("Identifiers", said["identifiers"], {}),
    ]
    parts += [_table(name, rows, said["meaning"].get(name, {})) for name, rows in said["held"].items()]
    parts += [
        _table("Where data come from, and for which purpose", said["sources"], {}),
        _table("How long it is kept", said["kept"], {}),
        "<h2>Who receives it</h2><ul>" + "".join(f"<li>{escape(one)}</li>" for one in said["recipients"]) + "</ul>",
    ]
    return "\n".join(parts) + "\n"


def _table(title: str, rows: list[dict[str, Any]], meaning: dict[str, str]) -> str:
    if not rows:
        return ""
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f'<th title="{escape(meaning.get(name, ""))}">{escape(name)}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row.get(name, '')))}</td>" for name in names) + "</tr>"
        for row in rows[:ROWS_SHOWN]
    )
    more = f"<p>{len(rows) - ROWS_SHOWN} more rows are in the JSON.</p>" if len(rows) > ROWS_SHOWN else ""
    return f"<h2>{escape(title)} ({len(rows)})</h2><table><tr>{head}</tr>{body}</table>{more}"
