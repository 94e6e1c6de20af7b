"""The registry of stores: pages say what it says, and everything that is kept can be erased."""

from __future__ import annotations

import pytest

from intake.paths import repository_root
from intake.settings import Settings
from orchestration.erasure import stores


@pytest.mark.parametrize(
    ("page", "table"), [("state.md", stores.state_table()), ("privacy.md", stores.erasure_table())]
)
def test_the_pages_have_the_tables_of_the_registry(page: str, table: str) -> None:
    assert table in (repository_root() / "docs" / page).read_text(encoding="utf-8")


def test_every_store_that_holds_people_can_let_them_go() -> None:
    ours = [store for store in stores.STORES if store.found and store not in stores.FOREIGN]
    assert all(store.erase is not None and store.removed for store in ours)
    assert all(store.kind == "your files" and store.erase is None for store in stores.FOREIGN)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("lake/events/event_date=2018-01-01/shop-0123.parquet", "lake/"),
        ("lake/.partial/0123/a.parquet", "lake/"),
        ("ops.sqlite-wal", "ops.sqlite"),
        ("warehouse.duckdb.wal", "warehouse.duckdb"),
        ("published/current", "published/"),
        ("dagster/opening.lock", "dagster/"),
        ("intake.lock", "`*.lock`"),
    ],
)
def test_files_belong_to_their_store(path: str, name: str) -> None:
    store = stores.store_of(path)
    assert store is not None
    assert store.name == name


@pytest.mark.parametrize("path", ["lake/notes.txt", "vault/more/deep.csv", "export.csv"])
def test_what_nobody_registered_is_nobodys(path: str) -> None:
    assert stores.store_of(path) is None


def test_retention_settings_are_those_of_the_registry() -> None:
    bounds = {store.retention for store in stores.STORES if store.retention}
    assert bounds <= set(type(Settings().retention).model_fields)
