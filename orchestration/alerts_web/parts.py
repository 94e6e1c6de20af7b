"""Pieces of the pages; every text from outside is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template

from intake.ops_records import Alert
from orchestration.alerts_web.trend import Point

PACKAGE = files("orchestration.alerts_web")


def layout(title: str, content: str, *, project: str, now: datetime, docs: bool) -> str:
    """A whole page around its content (HTML)."""
    page = Template(PACKAGE.joinpath("page.html").read_text(encoding="utf-8"))
    link = '<a href="/data-docs/index.html">Data Docs</a>' if docs else ""
    clock = f"{now:%Y-%m-%d %H:%M} UTC"
    return page.substitute(title=escape(title), project=escape(project), clock=clock, docs=link, content=content)


def style() -> bytes:
    """The style sheet."""
    return PACKAGE.joinpath("style.css").read_bytes()


def badge(text: str, tone: str) -> str:
    """A word in a frame."""
    return f'<span class="badge {tone}">{escape(text)}</span>'


def badges(alert: Alert, now: datetime) -> str:
    """Severity, state and how often."""
    muted = alert.muted_until if alert.is_muted(now) and alert.state != "resolved" else None
    state = f"muted until {muted:%Y-%m-%d %H:%M}" if muted else alert.state
    times = f"{alert.count} time{'s' if alert.count != 1 else ''}"
    tone = "good" if alert.state == "resolved" else "soft"
    return badge(alert.severity, alert.severity) + badge(state, tone) + badge(times, "soft")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    """A table with a caption for screen readers too."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption class='soft'>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def card(heading: str, content: str, name: str = "") -> str:
    """A framed section; nothing without content."""
    mark = f' id="{name}"' if name else ""
    return f'<section class="card"{mark}><h2>{escape(heading)}</h2>{content}</section>' if content else ""


def select(name: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
    """A labelled list to choose from."""
    items = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options
    )
    return f'<div><label for="{name}">{escape(label)}</label><select id="{name}" name="{name}">{items}</select></div>'


def points(alert: Alert) -> list[Point]:
    """The trend that was kept with the alert."""
    kept = alert.evidence.get("trend") or []
    return [(str(day), float(value), low, high) for day, value, low, high in kept]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return "-" if value is None else str(value)
