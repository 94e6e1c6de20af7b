"""One small company, drawn once and written once, for all tests of this room."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulation.company import company_frames, write_company
from simulation.digital_layer import DigitalLayer, draw_layer
from simulation.orders import Orders, index_orders
from simulation.report import SimulationReport

CUSTOMERS, DAYS, SEED = 400, 180, 11


@pytest.fixture(scope="session")
def shop_frames() -> dict[str, pd.DataFrame]:
    """The company's own files."""
    return company_frames(CUSTOMERS, DAYS, SEED)


@pytest.fixture(scope="session")
def orders(shop_frames: dict[str, pd.DataFrame]) -> Orders:
    """The company's orders, indexed."""
    return index_orders(shop_frames["transactions"], shop_frames["products"])


@pytest.fixture(scope="session")
def layer(orders: Orders) -> DigitalLayer:
    """The digital layer over them."""
    return draw_layer(orders, SEED)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    """The same company, written."""
    root = tmp_path_factory.mktemp("company")
    return write_company(root / "landing", root / "truth", CUSTOMERS, DAYS, SEED)


@pytest.fixture(scope="session")
def read_source(company: SimulationReport) -> Callable[[str], pd.DataFrame]:
    """Reads all parquet files of a source in order of arrival."""

    def read(name: str) -> pd.DataFrame:
        files = sorted((company.landing / name).glob("*.parquet"))
        return pa.concat_tables([pq.read_table(file) for file in files]).to_pandas()

    return read


@pytest.fixture(scope="session")
def read_truth(company: SimulationReport) -> Callable[[str], pd.DataFrame]:
    """Reads a truth file."""
    return lambda name: pd.read_parquet(company.truth / f"{name}.parquet")


@pytest.fixture(scope="session")
def web(read_source: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """Web events as they landed."""
    return read_source("sim_web")
