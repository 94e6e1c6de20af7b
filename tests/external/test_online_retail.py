"""A second shop, real and dirty, goes through the same commands unchanged.

Expected values are computed here from the raw file with pandas, apart from the pipeline's own code.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from tests.system.parsed_project import lend

pytestmark = pytest.mark.external
AS_OF = "2011-12-10"


def kept_lines(raw: pd.DataFrame) -> pd.DataFrame:
    """What the contract keeps, said in pandas: products with a price, equal lines of an invoice once."""
    product = raw["StockCode"].astype(str).str.match(r"^[0-9]")
    return raw[product & (raw["UnitPrice"] > 0)].drop_duplicates()


@dataclass(frozen=True)
class Shop:
    data: Path
    ingest_output: str
    raw: pd.DataFrame

    def query(self, sql: str) -> pd.DataFrame:
        with duckdb.connect(str(self.data / "published" / "current" / "concierge.duckdb"), read_only=True) as db:
            return db.sql(sql).df()


def concierge(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CONCIERGE_DATA": str(data), "CONCIERGE_CONFIG": str(repository_root() / "config")}
    command = [str(Path(sys.executable).with_name("concierge")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900)


@pytest.fixture(scope="module")
def shop(external_data: Path, parsed_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    data = tmp_path_factory.mktemp("online_retail")
    lend(parsed_project, data)
    file = external_data / "online_retail" / "online_retail.parquet"
    contract = repository_root() / "docs" / "examples" / "online_retail" / "online_retail.yml"
    taken = concierge(data, "ingest", "--contract", str(contract), str(file))
    assert taken.returncode == 0, taken.stderr
    ran = concierge(data, "run", "--as-of", AS_OF)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return Shop(data, taken.stdout, pd.read_parquet(file))


def test_every_line_is_accounted_for(shop: Shop) -> None:
    # One batch: nothing but what was ingested has come in, least of all the demo's own data set.
    (batch,) = OpsStore(DataPaths(shop.data)).batches()
    assert batch.rows_read == len(shop.raw)
    assert batch.rows_read == batch.accepted + batch.duplicate + batch.quarantined + batch.suppressed


def test_taking_the_file_in_again_adds_nothing(shop: Shop, external_data: Path) -> None:
    before = sorted((shop.data / "lake").rglob("*.parquet"))
    contract = repository_root() / "docs" / "examples" / "online_retail" / "online_retail.yml"
    again = concierge(
        shop.data, "ingest", "--contract", str(contract), str(external_data / "online_retail" / "online_retail.parquet")
    )
    assert again.returncode == 0
    assert sorted((shop.data / "lake").rglob("*.parquet")) == before


def test_customers_with_an_id_are_customers(shop: Shop) -> None:
    customers = int(shop.query("select count(*) n from marts.dim_customer")["n"].iloc[0])
    assert customers == kept_lines(shop.raw)["CustomerID"].nunique()


def test_revenue_of_known_customers_matches_the_raw_lines(shop: Shop) -> None:
    lines = kept_lines(shop.raw)
    bought = lines[lines["CustomerID"].notna() & ~lines["InvoiceNo"].astype(str).str.startswith("C")]
    expected = float((bought["Quantity"] * bought["UnitPrice"]).sum())
    ours = shop.query("select sum(order_amount) amount from marts.fct_order where customer_id is not null")
    assert float(ours["amount"].iloc[0]) == pytest.approx(expected, abs=0.01)


def test_scores_are_finite_and_cover_the_customers(shop: Shop) -> None:
    scores = shop.query("select churn_probability, ltv_amount from marts.customer_scores")
    assert len(scores) == kept_lines(shop.raw)["CustomerID"].nunique()
    assert scores["churn_probability"].between(0, 1).all()
    assert (scores["ltv_amount"] >= 0).all()


def test_the_models_beat_what_anybody_could_have_said(shop: Shop) -> None:
    """Judged from September to December, when sales double: levels are missed, ranking is not."""
    cards = {
        name: json.loads((shop.data / "models" / name / "current" / "model.json").read_text())["metrics"]
        for name in ("churn", "churn_near", "value", "value_near")
    }
    for metrics in cards.values():
        assert {"bg_nbd", "mbg_nbd", "nbd"} & set(metrics)
        assert all(math.isfinite(figure) for row in metrics.values() for figure in row.values())
    for name in ("churn", "churn_near"):
        others = [row["roc_auc"] for who, row in cards[name].items() if who not in {"model", "cohorts"}]
        assert cards[name]["model"]["roc_auc"] > max(others)
    for name in ("value", "value_near"):
        ours, theirs = cards[name]["model"], cards[name]["previous_period"]
        assert ours["normalised_gini"] > theirs["normalised_gini"] + 0.02
        assert ours["spearman"] > theirs["spearman"] + 0.02


def test_a_snapshot_is_published(shop: Shop) -> None:
    listed = concierge(shop.data, "snapshots")
    assert listed.returncode == 0
    assert f"{AS_OF.replace('-', '')}T000000" in listed.stdout
    assert "live" in listed.stdout
