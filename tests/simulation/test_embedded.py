"""The layer over the embedded data set: size, faithful links, written once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from intake.contract import load_contracts
from intake.paths import repository_root
from simulation.embedded import embedded_folder, link_embedded_files, write_embedded_layer
from simulation.report import SimulationReport


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    return write_embedded_layer(tmp_path_factory.mktemp("data"))


def test_the_package_carries_the_data() -> None:
    assert {"transactions.parquet", "products.parquet"} <= {file.name for file in embedded_folder().iterdir()}


def test_the_layer_has_the_promised_size_and_span(layer: SimulationReport) -> None:
    assert layer.state == "written"
    assert 500_000 <= layer.rows <= 700_000
    assert (layer.start_date, layer.end_date) == ("2017-01-01", "2018-01-02")


def test_it_lies_in_the_data_folder(layer: SimulationReport) -> None:
    assert layer.landing.name == "landing"
    assert layer.truth == layer.landing.parent / "truth"


def test_every_receipt_refers_to_a_real_basket(layer: SimulationReport) -> None:
    receipts = pd.read_parquet(layer.landing / "sim_online_orders_link")
    baskets = pd.read_parquet(embedded_folder() / "transactions.parquet", columns=["basket_id", "household_id"])
    real = baskets.drop_duplicates("basket_id").set_index("basket_id")["household_id"]
    assert (receipts["order_id"].astype("int64").map(real) == receipts["household_id"]).all()
    assert 0.55 < len(receipts) / len(real) < 0.75


def test_every_household_is_known_to_the_truth(layer: SimulationReport) -> None:
    identifiers = pd.read_parquet(layer.truth / "identifiers.parquet")
    assert (identifiers["type"] == "loyalty_id").sum() == 2_469


def test_a_second_call_is_unchanged(layer: SimulationReport) -> None:
    again = write_embedded_layer(layer.landing.parent)
    assert again.state == "unchanged"
    assert again.sources == layer.sources


def test_visits_tell_of_leaving_but_do_not_give_it_away(layer: SimulationReport) -> None:
    cut, month, horizon = pd.Timestamp("2017-10-02"), pd.Timedelta(days=30), pd.Timedelta(days=91)
    columns = ["household_id", "transaction_timestamp"]
    orders = pd.read_parquet(embedded_folder() / "transactions.parquet", columns=columns).drop_duplicates()
    at = orders["transaction_timestamp"]
    known = sorted(orders.loc[at < cut, "household_id"].unique())
    stays = set(orders.loc[(at >= cut) & (at < cut + horizon), "household_id"])
    web = pd.read_parquet(layer.landing / "sim_web", columns=["session_id", "occurred_at"]).dropna()
    visits = web.merge(pd.read_parquet(layer.truth / "sessions.parquet"), on="session_id")
    recent = visits[visits["occurred_at"].dt.tz_localize(None).between(cut - month, cut)]
    people = pd.read_parquet(layer.truth / "identifiers.parquet").query("type == 'loyalty_id'")
    person = people.set_index(people["value_clear"].astype("int64"))["person_id"]
    count = recent.groupby("person_id")["session_id"].nunique()
    visits_30d = pd.Series(known).map(person).map(count).fillna(0)
    auc = roc_auc_score([household not in stays for household in known], -visits_30d)
    assert 0.65 < auc < 0.85


def test_the_package_files_are_linked_where_the_contracts_look(tmp_path: Path) -> None:
    link_embedded_files(tmp_path / "shop")
    stale = tmp_path / "shop" / "products.parquet"
    stale.unlink()
    stale.symlink_to(tmp_path / "gone.parquet")
    link_embedded_files(tmp_path / "shop")
    names = {file.name for file in embedded_folder().glob("*.parquet")}
    assert {file.name for file in (tmp_path / "shop").iterdir()} == names
    assert all(file.resolve().parent == embedded_folder() for file in (tmp_path / "shop").iterdir())


def test_the_contracts_of_the_shop_look_into_the_data_folder() -> None:
    contracts = load_contracts(repository_root() / "config" / "sources")
    places = [place for name, contract in contracts.items() if name.startswith("cj_") for place in contract.location]
    assert len(places) == 5
    assert all(place.startswith("${CONCIERGE_DATA}/landing/shop/") for place in places)
