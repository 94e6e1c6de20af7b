"""A small picture of a figure by day beside the range it was expected in, made on the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

WIDTH, HEIGHT = 720, 200
WIDEST = 3.0
LEFT, RIGHT, TOP, BOTTOM = 88, 12, 14, 26
# day, observed, low, high; None where nothing was expected
Point = tuple[str, float, float | None, float | None]


@dataclass(frozen=True)
class _Scale:
    days: int
    top: float

    def x(self, place: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (place / max(1, self.days - 1))

    def y(self, value: float) -> float:
        inside = min(max(value / self.top, 0.0), 1.0)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * inside


def trend_svg(points: Sequence[Point], measure: str) -> str:
    """The figure as SVG with a text for screen readers; '' without points."""
    if not points:
        return ""
    scale = _Scale(len(points), _top(points))
    last = points[-1]
    expected = "" if last[3] is None and last[2] is None else f"; expected {_range(last, measure)}"
    label = f"{measure} by day from {points[0][0]} to {last[0]}: last {_number(last[1], measure)}{expected}"
    return (
        f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label, quote=True)}">'
        f"{_grid(scale, measure)}{_band(points, scale)}{_line(points, scale)}{_dots(points, scale, measure)}"
        f'<text x="{LEFT}" y="{HEIGHT - 6}" class="tick">{escape(points[0][0])}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" class="tick end">{escape(last[0])}</text></svg>'
    )


def trend_rows(points: Sequence[Point], measure: str) -> list[tuple[str, str, str]]:
    """The same as a table: day, observed, expected."""
    return [(point[0], _number(point[1], measure), _range(point, measure)) for point in reversed(points)]


def is_outside(point: Point) -> bool:
    """Whether the day left its range."""
    _, value, low, high = point
    return (low is not None and value < low) or (high is not None and value > high)


def _top(points: Sequence[Point]) -> float:
    highs = [point[3] for point in points if point[3] is not None]
    # One day of which little was known has a range that would press all the others flat; it ends at the edge.
    widest = WIDEST * median(highs) if highs else 0.0
    values = [*(point[1] for point in points), *(high for high in highs if high <= widest)]
    return max(values) * 1.08 or 1.0


def _grid(scale: _Scale, measure: str) -> str:
    lines = []
    for share in (0.0, 0.5, 1.0):
        value = scale.top / 1.08 * share
        height = scale.y(value)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>')
        lines.append(f'<text class="tick end" x="{LEFT - 8}" y="{height + 4:.1f}">{_number(value, measure)}</text>')
    return "".join(lines)


def _band(points: Sequence[Point], scale: _Scale) -> str:
    known = [(place, point) for place, point in enumerate(points) if point[2] is not None or point[3] is not None]
    if len(known) < 2:
        return ""
    upper = [f"{scale.x(place):.1f},{scale.y(_or(point[3], scale.top)):.1f}" for place, point in known]
    lower = [f"{scale.x(place):.1f},{scale.y(_or(point[2], 0.0)):.1f}" for place, point in reversed(known)]
    return f'<polygon class="band" points="{" ".join([*upper, *lower])}"/>'


def _line(points: Sequence[Point], scale: _Scale) -> str:
    path = " ".join(f"{scale.x(place):.1f},{scale.y(point[1]):.1f}" for place, point in enumerate(points))
    return f'<polyline class="line" points="{path}"/>'


def _dots(points: Sequence[Point], scale: _Scale, measure: str) -> str:
    drawn = []
    for place, point in enumerate(points):
        name, radius = ("bad", 5.0) if is_outside(point) else ("dot", 2.5)
        where = f'cx="{scale.x(place):.1f}" cy="{scale.y(point[1]):.1f}" r="{radius}"'
        said = f"{escape(point[0])}: {_number(point[1], measure)}"
        drawn.append(f'<circle class="{name}" {where}><title>{said}</title></circle>')
    return "".join(drawn)


def _range(point: Point, measure: str) -> str:
    _, _, low, high = point
    if low is None and high is None:
        return "nothing expected"
    if high is None:
        return f"at least {_number(low or 0.0, measure)}"
    return f"up to {_number(high, measure)}" if not low else f"{_number(low, measure)} to {_number(high, measure)}"


def _number(value: float, measure: str) -> str:
    if measure == "share":
        return f"{value:.1%}"
    return f"{value:,.2f}" if measure == "index" else f"{value:,.0f}"


def _or(value: float | None, other: float) -> float:
    return other if value is None else value
