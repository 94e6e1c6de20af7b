"""A model card as a page of HTML, and the list of them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ml.cards.picture import model_figure
from orchestration.champions.card_text import competitor, meaning, sentences
from orchestration.champions.kinds import kind_of
from orchestration.model_registry import ModelCard

PICTURE = "card.png"
STYLE = """body{font-family:sans-serif;margin:2rem;max-width:75rem;line-height:1.4} td,th{padding:.2rem .8rem;
text-align:left;vertical-align:top} td.n{text-align:right} img{max-width:100%} .state{color:#555}
section{border-top:1px solid #ccc;padding:.6rem 0}"""
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{style}</style>
<h1>{title}</h1>{body}</html>
"""


def card_picture(card: ModelCard) -> bytes | None:
    """The card's picture; None where its kind has none."""
    return model_figure(card.evidence, unit=kind_of(card.name).unit)


def card_page(
    card: ModelCard, png: bytes | None, *, state: str, why: str, drift: Sequence[Sequence[object]] = ()
) -> str:
    """The page of one version.

    Args:
        card: what the registry keeps.
        png: its picture, if any.
        state: champion, challenger, …
        why: how it came to that.
        drift: rows (what, where, value, opens at, state) of today against the training, for the champion.
    """
    kind = kind_of(card.name)
    shown = (
        f'<img alt="{escape(kind.title)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">' if png else ""
    )
    parts = [
        f"<p>{escape(kind.says)}</p>"
        f'<p class="state">Version {escape(card.version)}: {escape(state)}. {escape(why)}</p>',
        _section(
            "In short", "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in sentences(card)) + "</ul>" + shown
        ),
        _section("Figures on the later period", _figures(card) + _meanings(card)),
        _section("Loudest features", _voices(card.evidence.get("voices", ()))),
        _section("Drift since the training", _table(("what", "where", "value", "opens at", "state"), drift)),
        _section("How it came about", _origin(card)),
    ]
    return PAGE.format(title=escape(kind.title), style=STYLE, body="".join(parts))


def index_page(rows: Iterable[tuple[str, str, str, str]]) -> str:
    """The list of models: (file name of the card, title, version, in short)."""
    listed = "".join(
        f'<tr><td><a href="{escape(file)}">{escape(title)}</a></td>'
        f"<td>{escape(version)}</td><td>{escape(short)}</td></tr>"
        for file, title, version, short in rows
    )
    head = "<tr><th>model</th><th>version in use</th><th>in short</th></tr>"
    body = f"<table>{head}{listed}</table>" if listed else "<p>No model is trained yet.</p>"
    return PAGE.format(title="Models in use", style=STYLE, body=body)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>" if body else ""


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    return f"<table><tr>{head}</tr>{''.join(_row(row) for row in rows)}</table>"


def _row(row: Sequence[object]) -> str:
    cells = (
        f'<td class="n">{value:,.3f}</td>' if isinstance(value, float) else f"<td>{escape(str(value))}</td>"
        for value in row
    )
    return f"<tr>{''.join(cells)}</tr>"


def _figures(card: ModelCard) -> str:
    if not card.metrics:
        return ""
    if not all(isinstance(row, Mapping) for row in card.metrics.values()):
        return _table(("metric", "figure"), [(name, value) for name, value in card.metrics.items()])
    names = list(dict.fromkeys(name for row in card.metrics.values() for name in row))
    rows = [
        (competitor(who), *(_figure(row, name, card.intervals.get(who, {})) for name in names))
        for who, row in card.metrics.items()
    ]
    return _table(("", *names), rows)


def _figure(row: Mapping[str, Any], name: str, intervals: Mapping[str, Any]) -> str:
    value = row.get(name)
    if not isinstance(value, int | float):
        return ""
    low, high = intervals.get(name, (None, None))
    return f"{value:.3f}" if low is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _meanings(card: ModelCard) -> str:
    told = "".join(f"<li><b>{escape(name)}</b>: {escape(text)}</li>" for name, text in meaning(card.metrics))
    spread = "<p>In brackets: where the figure would lie in 95 of 100 other draws of the customers.</p>"
    return (f"<ul>{told}</ul>" if told else "") + (spread if card.intervals else "")


def _voices(voices: Sequence[Sequence[Any]]) -> str:
    rows = [
        (name, f"{share:.1%}", "raises the score" if direction > 0 else "lowers it" if direction < 0 else "neither")
        for name, share, direction in voices[:12]
    ]
    return _table(("feature", "share of what speaks", "more of it"), rows)


def _origin(card: ModelCard) -> str:
    rows = [
        ("as of", card.as_of[:16] + " UTC"),
        ("rows", f"{card.rows:,}"),
        ("cut-offs", ", ".join(card.cutoffs) or "none"),
        ("horizon", f"{card.horizon_days} days" if card.horizon_days else "none"),
        ("features", ", ".join(card.features)),
        ("settings", ", ".join(f"{name} {value}" for name, value in card.recipe.items()) or "as everywhere"),
        ("seed", card.seed),
        ("data, code", f"{card.data_hash}, {card.code_version}"),
        ("remarks", card.note or "none"),
    ]
    return _table(("", ""), rows)
