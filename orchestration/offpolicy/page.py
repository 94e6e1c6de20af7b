"""The report of a candidate as a page and as lines of the shell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from orchestration.offpolicy.report import Interval, PartReport, Report

_STYLE = (
    "body{font:15px sans-serif;margin:2em;max-width:75em;color:#222}td,th{padding:.2em .8em;text-align:left}"
    "tr:nth-child(even){background:#f4f4f4}.verdict{font-size:1.4em;padding:.6em 1em;border-left:.4em solid}"
    ".ok{border-color:#2a7d3f}.bad{border-color:#b3261e}svg{vertical-align:middle}"
)
_WORDS = {
    "ok": "May go on: logged traffic speaks for it",
    "worse": "Not to be shown: it would earn less",
    "insufficient support": "Cannot be judged: the log has seen too little of what it would do",
    "propensities cannot be trusted": "Cannot be judged: the logged propensities cannot be trusted",
}
_WIDTH, _HEIGHT = 320, 18


def page(reports: Sequence[Report]) -> str:
    """Reports as one HTML file that needs nothing else."""
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Policy evaluation</title><style>{_STYLE}</style>"
    ]
    for report in reports:
        parts += _section(report)
    return "\n".join(parts) + "\n"


def summary(report: Report) -> str:
    """One sentence."""
    return f"{report.placement}: {report.candidate}: {report.verdict}: {report.reasons[0]}"


def rows(report: Report) -> list[tuple[str, str, str]]:
    """What the shell shows: measure, value, interval."""
    told = [("logged policy", report.logged), *report.estimates.items(), ("difference", report.difference)]
    found = [(name, f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}") for name, one in told]
    share = report.relative
    found.append(("difference, share of the log", f"{share.value:+.2%}", f"{share.low:+.2%} to {share.high:+.2%}"))
    found.append(("effective sample size", f"{report.effective:,.0f}", f"{report.effective_share:.1%} of exposures"))
    found.append(("mean weight", f"{report.mean_weight:.3f}", f"largest {report.largest_weight:.1f}"))
    found.append(("explored share", f"{report.explored_share:.1%}", f"unsupported {report.unsupported:.1%}"))
    return found


def _section(report: Report) -> Iterator[str]:
    kind = "ok" if report.passes else "bad"
    yield f"<h1>{escape(report.candidate)} at {escape(report.placement)}</h1>"
    yield f"<p class='verdict {kind}'>{escape(_WORDS.get(report.verdict, report.verdict))}</p>"
    yield "<ul>" + "".join(f"<li>{escape(reason)}</li>" for reason in report.reasons) + "</ul>"
    yield (
        f"<p>{report.exposures:,} exposures of {report.people:,} people in {report.days} days until "
        f"{report.judged_at:%Y-%m-%d %H:%M} UTC; what followed within {report.window_hours} hours counts, as "
        f"{escape(report.objective)} per exposure.</p>"
    )
    yield "<h2>Value per exposure</h2>"
    yield _pictures(report)
    yield "<h2>Health</h2>"
    yield _table(("measure", "value", "interval"), rows(report)[-3:])
    shares = [(name, f"{value:.3f}") for name, value in sorted(report.by_action.items())]
    yield "<p>Each action's sum of 1/propensity over the exposures that could have shown it; about 1 is right.</p>"
    yield _table(("action", "sum"), shares)
    if report.gaps:
        gaps = [(g.action, f"{g.wanted:,.0f}", f"{g.impossible:,.0f}", f"{g.shown:,}") for g in report.gaps]
        yield "<h2>What the log has not seen</h2>"
        yield _table(("action", "wanted", "could not be drawn", "shown in the log"), gaps)
    yield "<h2>By segment</h2>"
    yield _parts([part for part in report.parts if part.attribute in ("segment", "context")])
    yield "<h2>What was assumed</h2><ul>"
    assumed = [
        "An exposure changes what follows it only through the action shown.",
        "People are independent of each other; exposures of one person are not, and intervals know it.",
        *report.notes,
    ]
    yield "".join(f"<li>{escape(one)}</li>" for one in assumed) + "</ul>"


def _pictures(report: Report) -> str:
    told = [("logged policy", report.logged), *report.estimates.items()]
    low, high = min(one.low for _, one in told), max(one.high for _, one in told)
    lines = [(name, f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}", _bar(one, low, high)) for name, one in told]
    return _table(("", "value", "95 % interval", ""), lines, raw=3)


def _parts(parts: Sequence[PartReport]) -> str:
    low = min((part.difference.low for part in parts), default=0.0)
    high = max((part.difference.high for part in parts), default=0.0)
    lines = [
        (
            part.attribute,
            part.label,
            f"{part.exposures:,}",
            f"{part.people:,}",
            f"{part.logged:.4f}",
            f"{part.candidate.value:.4f}",
            f"{part.difference.value:+.4f} ({part.difference.low:+.4f} to {part.difference.high:+.4f})",
            _bar(part.difference, min(low, 0.0), max(high, 0.0), zero=True),
        )
        for part in parts
    ]
    names = ("by", "", "exposures", "people", "log", "candidate", "difference", "")
    return _table(names, lines, raw=7)


def _bar(one: Interval, low: float, high: float, *, zero: bool = False) -> str:
    span = (high - low) or 1.0

    def place(value: float) -> float:
        return 5 + (_WIDTH - 10) * (min(max(value, low), high) - low) / span

    middle = _HEIGHT / 2
    mark = f"<line x1='{place(0):.1f}' x2='{place(0):.1f}' y1='0' y2='{_HEIGHT}' stroke='#999'/>" if zero else ""
    return (
        f"<svg width='{_WIDTH}' height='{_HEIGHT}' role='img' aria-label='interval'>{mark}"
        f"<line x1='{place(one.low):.1f}' x2='{place(one.high):.1f}' y1='{middle}' y2='{middle}' stroke='#335' "
        f"stroke-width='3'/><circle cx='{place(one.value):.1f}' cy='{middle}' r='5' fill='#335'/></svg>"
    )


def _table(columns: Sequence[str], lines: Sequence[Sequence[str]], raw: int = -1) -> str:
    """A table; the column `raw` holds markup of our own."""
    if not lines:
        return "<p>None.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{cell if index == raw else escape(cell)}</td>" for index, cell in enumerate(line))
        + "</tr>"
        for line in lines
    )
    return f"<table><tr>{head}</tr>{body}</table>"
