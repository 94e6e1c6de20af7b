"""The report of one experiment as a page: the verdict first, then pictures, money, health and what was assumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from orchestration.experiments.comparisons import INSUFFICIENT, Compared
from orchestration.experiments.design import harm_of
from orchestration.experiments.money import worths
from orchestration.experiments.pictures import Bar, interval_picture
from orchestration.experiments.reading import Reading
from orchestration.experiments.result_rows import factor_name
from orchestration.experiments.settling import standing
from orchestration.experiments.wording import AFTERMATH, aftermath_rows, chance, figure, lift

STYLE = (
    "body{font:15px/1.45 sans-serif;margin:2em;max-width:62em}td,th{padding:.2em .8em;text-align:left;"
    "vertical-align:top}tr:nth-child(even){background:#f4f4f4}svg{max-width:100%;height:auto;font:13px sans-serif}"
    ".verdict{border-left:.5em solid #666;padding:.6em 1em;background:#f4f4f4;font-size:1.2em}"
    ".ship{border-color:#1b7837}.stop,.trust{border-color:#b2182b}.bad{color:#b2182b}.quiet{color:#555}"
)
CLASS = {"ship": "ship", "stop": "stop", "do not trust": "trust"}
Row = Sequence[object]


def page(reading: Reading, currency: str) -> str:
    """The whole report as one HTML file without scripts or network."""
    design = reading.design
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(design.name)}</title>',
        f"<style>{STYLE}</style><h1>{escape(design.name)}</h1>",
        f'<p class="quiet">Version {design.version}, {escape(design.kind)} on {escape(design.placement)}, '
        f"as of {reading.as_of:%Y-%m-%d %H:%M} UTC, owner {escape(design.owner)}. "
        f"{escape(standing(design, reading.events, is_closed=reading.is_closed))}.</p>",
        f"<p>{escape(design.hypothesis)}</p>",
        f'<p class="verdict {CLASS.get(reading.verdict, "open")}"><b>{escape(reading.verdict)}</b><br>'
        f"{escape(reading.words)}</p>",
        _difference(reading),
        _money(reading, currency),
        _table("What was measured", ("metric", "arm", "units", "with it", "plain", "change (95 %)", "p", "p corrected"),
               [_metric_row(one, currency) for one in reading.comparisons.arms]),
        _rails(reading),
        _slices(reading),
        _factors(reading),
        _shadow(reading),
        _table("What exploring does to people", AFTERMATH, aftermath_rows(reading.aftermath, currency)),
        _looks(reading),
        _health(reading),
        _assumed(reading),
        _life(reading),
    ]  # fmt: skip
    return "\n".join(part for part in parts if part) + "</html>\n"


def _difference(reading: Reading) -> str:
    bars = [_lift_bar(one) for one in reading.comparisons.arms if one.role == "primary"]
    bars += [_lift_bar(one) for one in reading.comparisons.arms if one.role == "secondary"]
    shown = [bar for bar in bars if bar is not None]
    picture = interval_picture(shown, "Change against the plain arm")
    if not picture:
        return "<h2>Change against the plain arm</h2><p>Nothing can be told yet.</p>"
    what = (
        f"Change against {escape(reading.design.plain_arm)}, with the range it lies in (95 of 100 times, for who looks "
        "once). Green is better, red worse, grey open. The verdict comes from the weekly looks: a range that turns "
        "green on one of many days decides nothing."
    )
    return f"<h2>Change against the plain arm</h2><p class=quiet>{what}</p>{picture}"


def _lift_bar(one: Compared) -> Bar | None:
    told = one.estimate.comparison
    if told is None or told.relative is None:
        return None
    metric, interval = one.estimate.metric, told.relative.interval
    label = f"{metric.label} · {one.estimate.arm}"
    return Bar(label, told.relative.estimate, interval.low, interval.high, lift(one), metric.direction)


def _metric_row(one: Compared, currency: str) -> Row:
    metric, told = one.estimate.metric, one.estimate.comparison
    name = f"{metric.label} ({one.role.replace('_', ' ')})"
    if told is None:
        return name, one.estimate.arm, "-", "-", "-", lift(one), "-", "-"
    return (
        name, one.estimate.arm, f"{told.n_treatment:,} / {told.n_control:,}", figure(told.treatment, metric, currency),
        figure(told.control, metric, currency), lift(one), chance(told.absolute.p_value), chance(one.p_adjusted),
    )  # fmt: skip


def _money(reading: Reading, currency: str) -> str:
    rows = [
        (one.arm, one.against, f"{one.units:,}", f"{one.a_thousand:+,.2f} {currency}",
         f"{one.low:+,.2f} to {one.high:+,.2f}", f"{one.so_far:+,.2f} {currency}")
        for one in worths(reading)
    ]  # fmt: skip
    return _table("In money", ("arm", "against", "units", "profit per 1,000", "range (95 %)", "so far"), rows)


def _rails(reading: Reading) -> str:
    watched = [one for one in reading.comparisons.arms if one.watch.state]
    bars = [
        Bar(f"{one.estimate.metric.label} · {one.estimate.arm}", one.watch.change, one.watch.low, one.watch.high,
            f"{one.watch.state} ({one.watch.change:+.1%})", 1, harm_of(reading.design, one.estimate.metric.name))
        for one in watched
        if one.watch.change is not None and one.watch.low is not None and one.watch.high is not None
    ]  # fmt: skip
    rows = [(one.estimate.metric.label, one.estimate.arm, one.watch.state, one.watch.words) for one in watched]
    table = _table("Guard rails", ("metric", "arm", "state", "in words"), rows)
    note = (
        "<p class=quiet>Change for the better; the red mark is the harm that is not accepted. Valid at every look.</p>"
    )
    picture = interval_picture(bars, "Guard rails")
    return table + (note + picture if picture else "")


def _slices(reading: Reading) -> str:
    rows = [
        (one.plain, one.estimate.arm, one.watch.state or "-",
         one.estimate.refused if one.watch.state == INSUFFICIENT else lift(one))
        for one in reading.comparisons.slices
    ]  # fmt: skip
    return _table("By group (harm in one of them is harm)", ("against", "arm", "state", "change"), rows)


def _factors(reading: Reading) -> str:
    rows = [
        (factor_name(e), f"{e.effect.estimate:+.4g}", f"{e.effect.interval.low:+.4g} to {e.effect.interval.high:+.4g}",
         chance(e.effect.p_value), chance(e.p_holm))
        for e in reading.comparisons.factors
    ]  # fmt: skip
    return _table("Effect of each factor", ("level", "effect", "range (95 %)", "p", "p corrected"), rows)


def _shadow(reading: Reading) -> str:
    rows = [
        (
            one.arm,
            one.action,
            f"{one.decisions:,}",
            f"{one.share:.1%}",
            f"{one.interval.low:.1%} to {one.interval.high:.1%}",
        )
        for one in reading.shadow
    ]
    return _table("What the shadow would have shown", ("arm", "action", "decisions", "the same", "range (95 %)"), rows)


def _looks(reading: Reading) -> str:
    rows = [
        (one.look, f"{one.at:%Y-%m-%d}", one.arm, f"{one.information:.0%}", f"{one.n:,}", f"{one.z:+.2f}",
         f"{one.bound:.2f}", one.crossed or ("over" if one.is_final else "go on"))
        for one in reading.looks
    ]  # fmt: skip
    return _table("Weekly looks", ("look", "on", "arm", "evidence", "units", "z", "needed", "outcome"), rows)


def _health(reading: Reading) -> str:
    counts = reading.counts
    by_arm = ", ".join(f"{arm} {n:,}" for arm, n in counts.by_arm.items()) or "none"
    units = (
        f"Units compared: {by_arm}; {counts.waiting:,} wait for the end of their window; "
        f"{counts.excluded:,} saw two arms; {counts.holdout:,} in the holdout."
        + (f" Paused, so that nobody new sees it: {', '.join(sorted(reading.paused))}." if reading.paused else "")
    )
    lines = "".join(
        f"<li{'' if check.is_ok else ' class=bad'}>{escape(check.name)}: {escape(check.words)}</li>"
        for check in reading.checks
    )
    return f"<h2>Health</h2><p>{escape(units)}</p>" + (f"<ul>{lines}</ul>" if lines else "")


def _assumed(reading: Reading) -> str:
    return "<h2>What was assumed</h2><ul>" + "".join(f"<li>{escape(note)}</li>" for note in reading.notes) + "</ul>"


def _life(reading: Reading) -> str:
    rows = [
        (f"{event.at:%Y-%m-%d %H:%M}", event.kind, "" if event.share is None else f"{event.share:.0%}", event.actor,
         event.reason)
        for event in reading.events
    ]  # fmt: skip
    return _table("What happened", ("when (UTC)", "what", "share", "who", "why"), rows)


def _table(title: str, columns: Iterable[str], rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>"
