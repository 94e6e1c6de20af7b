"""The report of a what-if as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from orchestration.policy.what_if import EVERYBODY, Slice, WhatIf

_STYLE = (
    "body{font:15px sans-serif;margin:2em;max-width:70em}td,th{padding:.2em .8em;text-align:left}"
    "tr:nth-child(even){background:#f4f4f4}"
)
_SLICE = ("", "decisions", "changed", "margin before", "margin after", "delta", "incentives before", "after")


def page(report: WhatIf) -> str:
    """The whole report as one HTML file without scripts."""
    parts = [f"<!doctype html><meta charset=utf-8><title>What if</title><style>{_STYLE}</style><h1>What if</h1>"]
    parts.append(f"<p>{escape(summary(report))}</p>")
    parts += _table("Who changes", ("placement", "before", "after", "decisions", "people"), _changes(report))
    parts += _table("By segment", _SLICE, _slices(report.segments.items()))
    for name, of in report.groups.items():
        parts += _table(f"By {name} (reported, never decided on)", _SLICE, _slices(of.items()))
    rules = sorted({*report.blocked_before, *report.blocked_after})
    blocked = [(rule, report.blocked_before.get(rule, 0), report.blocked_after.get(rule, 0)) for rule in rules]
    parts += _table("Floors and other rules hit", ("rule", "before", "after"), blocked)
    parts += _table("Rules in conflict", ("rules", "decisions"), list(report.conflicts.items()))
    parts += _table(f"Rules that did not matter in {report.traced} decisions", ("rule",), [(r,) for r in report.dead])
    return "\n".join(parts) + "\n"


def summary(report: WhatIf) -> str:
    """One sentence."""
    total = report.segments.get(EVERYBODY, Slice())
    return (
        f"{report.changed_decisions} of {report.decisions} decisions of the last {report.days} days would change, for "
        f"{report.changed_people} of {report.people} people; expected margin {total.margin_delta:+.2f} "
        f"({report.unmeasured} decisions whose margin is not known count as 0; {report.skipped} lines left out)."
    )


def _changes(report: WhatIf) -> list[tuple[object, ...]]:
    return [(c.placement, c.before, c.after, c.decisions, c.people) for c in report.changes]


def _slices(of: Iterable[tuple[str, Slice]]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for name, s in of:
        amounts = s.margin_before, s.margin_after, s.margin_delta, s.incentive_before, s.incentive_after
        rows.append((name, s.decisions, s.changed, *(f"{amount:.2f}" for amount in amounts)))
    return rows


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    if not rows:
        return [f"<h2>{escape(title)}</h2><p>None.</p>"]
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return [f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>"]
