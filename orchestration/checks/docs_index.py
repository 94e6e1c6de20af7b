"""The front page of the Data Docs: one line a suite, newest result each."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from orchestration.checks.suites import Suite
from orchestration.checks.validation import Outcome
from orchestration.page_file import write_page

STATE = "suites.json"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Data Docs</title>
<style>body{{font-family:sans-serif;margin:2rem}} td,th{{padding:.3rem 1rem;text-align:left}} .bad{{color:#b00020}}
</style>
<h1>Data quality</h1><table><tr><th>suite</th><th>what it looks at</th><th>holds</th><th>validated at</th></tr>
{rows}</table>{segments}</html>
"""
# Written by orchestration/assets/persona_cards.py.
SEGMENTS = '<p><a href="segments/index.html">Persona cards</a></p>'


def write_index(docs: Path, suite: Suite, outcomes: Sequence[Outcome], at: datetime) -> Path:
    """Note a suite's newest result and write `index.html` with a line for each suite known so far."""
    docs.mkdir(parents=True, exist_ok=True)
    file = docs / STATE
    known: dict[str, dict[str, object]] = json.loads(file.read_text()) if file.exists() else {}
    known[suite.name] = {
        "description": suite.description,
        "held": sum(outcome.success for outcome in outcomes),
        "total": len(outcomes),
        "at": at.isoformat(timespec="seconds"),
    }
    write_page(file, json.dumps(known, indent=1))
    rows = "\n".join(_row(name, entry) for name, entry in sorted(known.items()))
    segments = SEGMENTS if (docs / "segments" / "index.html").exists() else ""
    return write_page(docs / "index.html", PAGE.format(rows=rows, segments=segments))


def _row(name: str, entry: dict[str, object]) -> str:
    kind = "" if entry["held"] == entry["total"] else ' class="bad"'
    link = f'<a href="{html.escape(name)}/index.html">{html.escape(name)}</a>'
    description, at = html.escape(str(entry["description"])), html.escape(str(entry["at"]))
    return (
        f"<tr><td>{link}</td><td>{description}</td><td{kind}>{entry['held']} of {entry['total']}</td><td>{at}</td></tr>"
    )
