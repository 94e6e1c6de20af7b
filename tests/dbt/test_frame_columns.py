"""A frame for models alone holds what they learn from as the whole one does, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.catalogue import signals
from tests.dbt.dbt_room import Room

FRAME = "marts.training_frame"
BESIDE = ["customer_id", "as_of", "first_seen_at", "last_seen_at", "role", "horizon_days", "churned"]


@pytest.fixture
def asked() -> Iterator[None]:
    """The environment of a step that makes a frame for models."""
    os.environ["CONCIERGE_FRAME"] = "models"
    yield
    del os.environ["CONCIERGE_FRAME"]


@pytest.fixture
def copied(built: Room, tmp_path: Path) -> Room:
    return built.copy_to(tmp_path / "copied")


@pytest.mark.usefixtures("asked")
def test_what_models_learn_from_stays_and_the_rest_is_null(built: Room, copied: Room) -> None:
    copied.dbt("run", "--select", "training_frame")
    kept = [*(signal.name for signal in signals() if signal.is_model_input), *BESIDE]
    columns = ", ".join(kept)
    assert built.execute(f"SELECT count(last_channel), count(orders_30d) FROM {FRAME}")[0] > (0, 0)
    assert copied.table(FRAME, columns) == built.table(FRAME, columns)
    assert copied.execute(f"DESCRIBE {FRAME}") == built.execute(f"DESCRIBE {FRAME}")
    texts = [str(row[0]) for row in built.execute(f"DESCRIBE {FRAME}") if row[1] == "VARCHAR" and row[0] not in kept]
    assert "last_channel" in texts
    assert copied.execute(f"SELECT {', '.join(f'count({name})' for name in texts)} FROM {FRAME}") == [(0,) * len(texts)]


def test_another_word_is_refused(copied: Room) -> None:
    os.environ["CONCIERGE_FRAME"] = "some"
    try:
        with pytest.raises(AssertionError, match="error"):
            copied.dbt("run", "--select", "training_frame")
    finally:
        del os.environ["CONCIERGE_FRAME"]
