"""One picture of a model: whether promises hold, how scores order people, what speaks, and who else could do it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, GREY, RED = "#4c72b0", "#9a9a9a", "#c44e52"
MOST_VOICES = 12
NAMES_INCHES = 1.3
Draw = Callable[[Any, Any, str], None]


def model_figure(evidence: Mapping[str, Any], *, unit: str) -> bytes | None:
    """PNG with a panel for each of `calibration`, `deciles`, `voices` and `baselines` that the evidence has.

    Same evidence, same bytes; None where there is none of them.

    Args:
        evidence: calibration: groups (promised, observed, low, high, customers); deciles: (predicted, actual, …);
            voices: (feature, share, direction); baselines: title, and rows of (name, figure, low, high).
        unit: of predicted and actual, for the axis.
    """
    panels = [name for name in ("calibration", "deciles", "voices", "baselines") if evidence.get(name)]
    if not panels:
        return None
    named = panels[0] in ("voices", "baselines")
    width = 4.2 * len(panels) + NAMES_INCHES * named
    figure = Figure(figsize=(width, 3.6), dpi=80)
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(1, len(panels)))
    draw: dict[str, Draw] = {
        "calibration": _calibration,
        "deciles": _deciles,
        "voices": _voices,
        "baselines": _baselines,
    }
    for axis, name in zip(axes, panels, strict=True):
        draw[name](axis, evidence[name], unit)
    # Fixed margins: to measure the labels takes as long as to draw them.
    figure.subplots_adjust(left=(0.9 + NAMES_INCHES * named) / width, right=0.985, bottom=0.15, top=0.9, wspace=0.62)
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def _calibration(axis: Any, groups: Sequence[Sequence[float]], _unit: str) -> None:
    promised, observed, low, high, _ = (100 * np.array(values, dtype=float) for values in zip(*groups, strict=True))
    top = float(max(promised.max(), high.max()))
    axis.plot([0, top], [0, top], color=GREY, linestyle="--", linewidth=1)
    spread = np.clip(np.vstack([observed - low, high - observed]), 0, None)
    axis.errorbar(promised, observed, yerr=spread, fmt="o", color=BLUE, markersize=4)
    axis.set_title("Promised and observed (on the line: right)", fontsize=9)
    axis.set_xlabel("promised, %")
    axis.set_ylabel("observed, %")


def _deciles(axis: Any, tenths: Sequence[Sequence[float]], unit: str) -> None:
    at = np.arange(1, len(tenths) + 1)
    axis.bar(at, [tenth[1] for tenth in tenths], color=BLUE, label="came")
    axis.plot(at, [tenth[0] for tenth in tenths], "o-", color=RED, markersize=4, label="predicted")
    axis.set_title("Tenths of the customers, highest scores first", fontsize=9)
    axis.set_xlabel("tenth")
    axis.set_ylabel(unit)
    axis.legend(fontsize=8)


def _voices(axis: Any, voices: Sequence[Sequence[Any]], _unit: str) -> None:
    loud = list(voices)[:MOST_VOICES][::-1]
    colours = [RED if voice[2] > 0 else BLUE for voice in loud]
    axis.barh([str(voice[0]) for voice in loud], [100 * voice[1] for voice in loud], color=colours)
    axis.tick_params(axis="y", labelsize=7)
    axis.set_title("What speaks (red: more of it raises the score)", fontsize=9)
    axis.set_xlabel("share of all contributions, %")


def _baselines(axis: Any, shown: Mapping[str, Any], _unit: str) -> None:
    rows = list(shown["rows"])[::-1]
    at = np.arange(len(rows))
    figures = np.array([row[1] for row in rows], dtype=float)
    ends = np.array([[row[1] if row[2] is None else row[2], row[1] if row[3] is None else row[3]] for row in rows])
    spread = np.clip(np.vstack([figures - ends[:, 0], ends[:, 1] - figures]), 0, None)
    for place, row in enumerate(rows):
        colour = BLUE if row[0] == "model" else GREY
        axis.errorbar([row[1]], [place], xerr=spread[:, [place]], fmt="o", color=colour, markersize=5, capsize=3)
    axis.set_yticks(at, labels=[str(row[0]) for row in rows], fontsize=8)
    axis.set_title(str(shown["title"]), fontsize=9)
