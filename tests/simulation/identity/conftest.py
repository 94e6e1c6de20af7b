"""One company with identity hard cases, drawn and written once for all tests of this package."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.identity.company import draw_company
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.write import Drawn, draw_everything, write_identity_company

PEOPLE, DAYS, SEED = 2_000, 120, 5


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """The company with default knobs, in memory."""
    return draw_everything(draw_company(PEOPLE, DAYS, SEED, IdentityKnobs()))


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same company written: landing/, sources/ and truth/ below the folder."""
    root = tmp_path_factory.mktemp("identity")
    write_identity_company(root / "landing", root / "truth", PEOPLE, DAYS, SEED)
    return root
