"""The pages of all experiments in the data folder, and the list of them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from intake.project import Project
from orchestration.experiments.reading import Reading
from orchestration.experiments.report_page import STYLE, page
from orchestration.page_file import write_page


def folder_of(project: Project) -> Path:
    """Where the pages lie."""
    return project.paths.data_docs / "experiments"


def page_of(project: Project, name: str) -> Path:
    """Where the page of an experiment's newest version is written."""
    return folder_of(project) / f"{name}.html"


def write_pages(project: Project, readings: Sequence[Reading]) -> Path:
    """One page an experiment and version, `NAME.html` being the newest version, and `index.html`; the list."""
    folder, currency = folder_of(project), project.settings.currency
    folder.mkdir(parents=True, exist_ok=True)
    newest = {reading.experiment: reading.version for reading in readings}
    for reading in readings:
        is_newest = newest[reading.experiment] == reading.version
        write_page(folder / file_name(reading, is_newest=is_newest), page(reading, currency))
    index = folder / "index.html"
    write_page(index, index_page([(file_name(r, is_newest=newest[r.experiment] == r.version), r) for r in readings]))
    return index


def file_name(reading: Reading, *, is_newest: bool) -> str:
    """`NAME.html`, older versions with their number."""
    return f"{reading.experiment}.html" if is_newest else f"{reading.experiment}-{reading.version}.html"


def index_page(rows: Sequence[tuple[str, Reading]]) -> str:
    """The list of experiments with their verdicts."""
    listed = "".join(
        f'<tr><td><a href="{escape(file, quote=True)}">{escape(one.design.key)}</a></td>'
        f"<td>{'over' if one.is_closed else 'open'}</td><td>{escape(one.verdict)}</td><td>{escape(one.words)}</td></tr>"
        for file, one in rows
    )
    head = "<tr><th>experiment</th><th></th><th>verdict</th><th>in words</th></tr>"
    body = f"<table>{head}{listed}</table>" if listed else "<p>No experiment has begun yet.</p>"
    title = "<!doctype html><html lang=en><meta charset=utf-8><title>Experiments</title>"
    return f"{title}<style>{STYLE}</style><h1>Experiments</h1>{body}</html>\n"
