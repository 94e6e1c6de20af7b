"""Intervals as inline pictures: a line from bound to bound, a dot, and where no difference would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite

WIDTH, ROW, LABEL, FIGURE = 760, 28, 190, 190
GOOD, BAD, OPEN = "#1b7837", "#b2182b", "#666666"


@dataclass(frozen=True)
class Bar:
    """One interval; `better` is 1 where a larger figure is good and -1 where it is bad.

    Attributes:
        mark: a second place to mark, such as the bound of a guard rail; None without one.
    """

    label: str
    estimate: float
    low: float
    high: float
    text: str
    better: int = 1
    mark: float | None = None

    @property
    def colour(self) -> str:
        """Green where all of the interval is better than nothing, red where all is worse, grey else."""
        low, high = sorted((self.low * self.better, self.high * self.better))
        return GOOD if low > 0 else BAD if high < 0 else OPEN


def interval_picture(bars: Sequence[Bar], title: str) -> str:
    """The bars below each other on one scale, as SVG; nothing without any that is finite."""
    shown = [bar for bar in bars if isfinite(bar.low) and isfinite(bar.high)]
    if not shown:
        return ""
    places = [x for bar in shown for x in (bar.low, bar.high, bar.mark or 0.0)] + [0.0]
    low, high = min(places), max(places)
    margin = (high - low or 1.0) * 0.05
    scale = _Scale(low - margin, high + margin)
    height = ROW * len(shown) + 8
    rows = "".join(_bar(bar, n, scale) for n, bar in enumerate(shown))
    zero = scale.x(0.0)
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}">'
        f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{height}" stroke="#000" stroke-dasharray="3 3"/>{rows}</svg>'
    )


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def x(self, value: float) -> float:
        """Where a value lies between label and figure, in pixels."""
        return LABEL + (value - self.low) / (self.high - self.low) * (WIDTH - LABEL - FIGURE)


def _bar(bar: Bar, number: int, scale: _Scale) -> str:
    y = ROW * number + ROW / 2 + 4
    low, high, dot = scale.x(bar.low), scale.x(bar.high), scale.x(bar.estimate)
    mark = ""
    if bar.mark is not None:
        x = scale.x(bar.mark)
        mark = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 10:.1f}" y2="{y + 10:.1f}" stroke="{BAD}"/>'
    return (
        f'<text x="0" y="{y + 4:.1f}">{escape(bar.label)}</text>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{bar.colour}" stroke-width="4"/>'
        f'<circle cx="{dot:.1f}" cy="{y:.1f}" r="5" fill="{bar.colour}"/>{mark}'
        f'<text x="{WIDTH - FIGURE + 8}" y="{y + 4:.1f}">{escape(bar.text)}</text>'
    )
