"""The persona cards as one picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ml.segments.persona import PersonaCard

_LIMIT = 2.0


def persona_figure(cards: Sequence[PersonaCard]) -> bytes:
    """PNG: each segment's share beside its standardised differences (blue below, red above everybody).

    Same cards, same bytes. Without cards the picture says that there are none.
    """
    figure = Figure(figsize=(11, 1.6 + 0.55 * max(len(cards), 1)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    if cards:
        _draw(figure, cards)
    else:
        figure.text(0.5, 0.5, "No segments yet", ha="center", va="center")
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def _draw(figure: Figure, cards: Sequence[PersonaCard]) -> None:
    sizes, heat = figure.subplots(1, 2, width_ratios=[1, 2], sharey=True)
    rows = np.arange(len(cards))
    sizes.barh(rows, [100 * card.share for card in cards], color="#4c72b0")
    sizes.set_yticks(rows, labels=[f"{card.name}\n{card.customers:,} customers" for card in cards], fontsize=8)
    sizes.set_xlabel("share of customers, %")
    sizes.invert_yaxis()
    features = sorted({fact.feature for card in cards for fact in card.evidence})
    table = np.zeros((len(cards), len(features)))
    for row, card in enumerate(cards):
        for fact in card.evidence:
            table[row, features.index(fact.feature)] = fact.standardised_difference
    image = heat.imshow(table, cmap="RdBu_r", vmin=-_LIMIT, vmax=_LIMIT, aspect="auto")
    heat.set_xticks(np.arange(len(features)), labels=features, rotation=40, ha="right", fontsize=8)
    figure.colorbar(image, ax=heat, label="standard deviations from everybody")
