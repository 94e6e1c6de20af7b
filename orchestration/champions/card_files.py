"""Model cards on disk: beside each version, and under the Data Docs those in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.champions.card_page import PICTURE, card_page, index_page
from orchestration.champions.card_text import sentences
from orchestration.champions.kinds import kind_of, model_names
from orchestration.model_registry import ModelRegistry
from orchestration.page_file import write_page

FILE = "card.html"
Drift = Mapping[str, Sequence[Sequence[object]]]


def write_card(project: Project, name: str, version: str, drift: Sequence[Sequence[object]] = ()) -> str:
    """Write `card.html` into the folder of a version; returns the page."""
    registry = ModelRegistry(project.paths.models)
    card, folder = registry.card(name, version), project.paths.models / name / version
    if card is None:
        return ""
    png = folder / PICTURE
    events = [event for event in OpsStore(project.paths).model_events(name) if event.version == version]
    page = card_page(
        card,
        png.read_bytes() if png.exists() else None,
        state=registry.state(name, version),
        why=events[-1].reason if events else "",
        drift=drift,
    )
    write_page(folder / FILE, page)
    return page


def write_pages(project: Project, drift: Drift) -> Path:
    """Write the cards of all champions and their list under the Data Docs; returns the list.

    Args:
        project: whose models.
        drift: by model the rows of `card_page`.
    """
    registry, root = ModelRegistry(project.paths.models), project.paths.data_docs / "models"
    root.mkdir(parents=True, exist_ok=True)
    listed = []
    for name in model_names(registry):
        card = registry.card(name)
        if card is None:
            continue
        write_page(root / f"{name}.html", write_card(project, name, card.version, drift.get(name, ())))
        listed.append((f"{name}.html", kind_of(name).title, card.version, " ".join(sentences(card))))
    index = root / "index.html"
    write_page(index, index_page(listed))
    return index
