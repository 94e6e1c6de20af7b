"""One alert: what it means, the trend, samples, what it touches, its history, and what can be done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from intake.ops_alert_desk import LONGEST_NOTE
from intake.ops_records import Alert, AlertNote
from orchestration.alerts_web.parts import badges, card, points, select, table
from orchestration.alerts_web.trend import trend_rows, trend_svg
from orchestration.alerts_web.wording import wording

DONE = {"acknowledge": "Acknowledged.", "resolve": "Resolved.", "mute": "Muted.", "unmute": "Seen again."}
LONGEST_NAME = 80
MUTES = (("1", "a day"), ("7", "a week"), ("30", "30 days"), ("90", "90 days"))


def alert_page(alert: Alert, notes: Sequence[AlertNote], now: datetime, *, token: str, actor: str, done: str) -> str:
    """The content of an alert's page (HTML)."""
    said = f'<p class="card done" role="status">{DONE[done]}</p>' if done in DONE else ""
    words = wording(alert)
    meaning = f"<p>{escape(words.meaning)}</p><p><strong>What to do.</strong> {escape(words.advice)}</p>"
    return (
        f'<p><a href="/">All alerts</a></p>{said}{badges(alert, now)}<h1>{escape(alert.title)}</h1>'
        + card(words.name, meaning)
        + card("Trend and expected range", _trend(alert))
        + card("What it touches", _touches(alert))
        + card("Facts", _facts(alert))
        + card("Masked sample", _sample(alert))
        + card("What to record", _actions(alert, now, token, actor, seen=len(notes)), "actions")
        + card("History", _history(notes))
    )


def moment_to_mute(days: str, now: datetime) -> datetime:
    """The end of a mute that the page offers.

    Raises:
        ValueError: another number of days.
    """
    if days not in dict(MUTES):
        raise ValueError(f"days: {days!r} is none of {', '.join(value for value, _ in MUTES)}")
    return now + timedelta(days=int(days))


def _trend(alert: Alert) -> str:
    kept = points(alert)
    measure = str(alert.evidence.get("measure", "events"))
    picture = trend_svg(kept, measure)
    if not picture:
        return ""
    rows = table(("day", "observed", "expected"), trend_rows(kept, measure), f"{measure} by day, the latest first")
    legend = '<p class="soft">Shaded: the expected range. Red: days outside it.</p>'
    return f"{picture}{legend}<details><summary>As a table</summary>{rows}</details>"


def _touches(alert: Alert) -> str:
    segments = alert.evidence.get("segments") or []
    placements = alert.evidence.get("placements") or []
    most = max((int(row["customers"]) for row in segments), default=1)
    rows = "".join(
        f"<tr><td>{escape(str(row['segment']))}</td><td>{int(row['customers']):,}</td>"
        f'<td aria-hidden="true"><svg width="160" height="10"><rect fill="currentColor" height="10" rx="3"'
        f' width="{160 * int(row["customers"]) / most:.0f}"/></svg></td></tr>'
        for row in segments
    )
    head = '<tr><th scope="col">segment</th><th scope="col">customers reached</th><th aria-hidden="true"></th></tr>'
    known = f'<table class="touches"><thead>{head}</thead><tbody>{rows}</tbody></table>' if segments else ""
    listed = ", ".join(escape(str(name)) for name in placements)
    return known + (f"<p>Placements: {listed}</p>" if listed else "")


def _facts(alert: Alert) -> str:
    days = f"{alert.first_day} to {alert.last_day}" if alert.first_day != alert.last_day else str(alert.first_day)
    page = alert.evidence.get("data_docs")
    facts = [
        ("Detail", escape(alert.detail)),
        ("Source", escape(alert.source)),
        ("Days", days if alert.first_day else ""),
        ("Seen", f"{alert.first_seen_at:%Y-%m-%d %H:%M} to {alert.last_seen_at:%Y-%m-%d %H:%M} UTC"),
        ("Looked after by", escape(alert.owner or "")),
        ("Note", escape(alert.note or "")),
        ("Before", f'<a href="/alerts/{alert.earlier_id}">alert {alert.earlier_id}</a>' if alert.earlier_id else ""),
        ("Data Docs", f'<a href="/data-docs/{escape(str(page))}">{escape(str(page))}</a>' if page else ""),
        ("Cause", f"<code>{escape(alert.cause)}</code>"),
    ]
    if alert.kind == "pause":
        facts.append(("Evidence", f"<code>{escape(json.dumps(dict(alert.evidence)))}</code>"))
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts if text) + "</dl>"


def _sample(alert: Alert) -> str:
    if not alert.sample:
        return ""
    columns = list(dict.fromkeys(name for row in alert.sample for name in row))
    return table(columns, [[row.get(name) for name in columns] for row in alert.sample], "Counts and reasons only")


def _history(notes: Sequence[AlertNote]) -> str:
    if not notes:
        return '<p class="soft">Nobody has done anything yet.</p>'
    rows = [(f"{note.at:%Y-%m-%d %H:%M}", note.actor, note.action, note.note) for note in reversed(notes)]
    return table(("at (UTC)", "who", "did", "note"), rows, "The latest first")


def _actions(alert: Alert, now: datetime, token: str, actor: str, *, seen: int) -> str:
    muted = alert.is_muted(now)
    standing = alert.state != "resolved"
    if not standing and not muted:
        return '<p class="soft">It is resolved; a new alert opens when the cause is met again.</p>'
    buttons = ""
    if standing:
        buttons += '<button class="main" name="action" value="acknowledge">Acknowledge</button>'
        buttons += '<button name="action" value="resolve">Resolve</button>'
    if muted:
        buttons += '<button name="action" value="unmute">Show again</button>'
    elif standing:
        buttons += select("days", "Mute for", MUTES, "7") + '<button name="action" value="mute">Mute</button>'
    return (
        f'<form class="actions" method="post" action="/alerts/{alert.alert_id}">'
        f'<input type="hidden" name="token" value="{escape(token)}"><input type="hidden" name="seen" value="{seen}">'
        f'<div><label for="note">Note</label><textarea id="note" name="note" maxlength="{LONGEST_NOTE}"></textarea>'
        '</div><div><label for="actor">Your name</label><input id="actor" name="actor" required autocomplete="name"'
        f' maxlength="{LONGEST_NAME}" value="{escape(actor)}"></div><div class="row">{buttons}</div></form>'
    )
