"""The contracts printed in docs/sources.md work as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from intake.contract import SourceContract, load_contract
from intake.ingest import ingest
from intake.paths import DataPaths, repository_root
from intake.project import Project

PAGE = repository_root() / "docs" / "sources.md"
INPUTS = {
    "shop_orders": (
        "orders.csv",
        "order_no,ordered_at,sku,department,qty,price,customer_email\n"
        "A1,2017-03-01 10:00:00,p1,Tea,2,9.99,Ann@Example.org\n"
        "A1,2017-03-01 10:00:00,p2,Cups,1,5.00,Ann@Example.org\n"
        "A2,2017-03-02 11:00:00,p1,Tea,1,9.99,bob@example.org\n",
    ),
    "shop_customers": (
        "customers.csv",
        "customer_no,changed_at,country,email,full_name,newsletter,age\n"
        "7,2017-02-01,DE,ann@example.org,Ann Example,yes,41\n",
    ),
    "shop_clicks": (
        "clicks.jsonl",
        '{"id": "e1", "action": "view", "ts": "2017-03-01T09:58:00Z", "sent_at": "2017-03-01T09:58:01Z", '
        '"session": "s1", "sku": "p1", "url": "https://shop.example/p1", "visitor": "v1", "colour": "red"}\n'
        '{"id": "e2", "action": "dance", "ts": "2017-03-01T09:59:00Z", "sent_at": "2017-03-01T09:59:01Z", '
        '"session": "s1", "visitor": "v1"}\n',
    ),
    "store_customers": (
        "store_customers.csv",
        "customer_no,changed_at,name,house_no,street,town,postcode,mail,born\n"
        "P-17,2017-02-01,Bill Smith,12,Station Road,Leeds,LS1 4DY,bill.smith@mail.example,05/03/1980\n",
    ),
    "nested_orders": (
        "orders.jsonl",
        '{"order": {"id": "N1", "placed_at": "2017-03-01T10:00:00Z", "shipping": 4.9, "codes": ["MAY"], "items": ['
        '{"sku": "p1", "qty": 2, "price": {"value": 9.99}}, {"sku": "p2", "qty": 1, "price": {"value": 5}}]}, '
        '"buyer": {"email": "ann@example.org"}}\n'
        '{"order": {"id": "N2", "placed_at": "2017-03-01T11:00:00Z", "items": "two lamps"}}\n',
    ),
}
EXPECTED = {
    "shop_orders": (3, 3, 0),
    "shop_customers": (1, 1, 0),
    "shop_clicks": (2, 1, 1),
    "store_customers": (1, 1, 0),
    "nested_orders": (2, 1, 1),
}


def printed_contracts() -> dict[str, str]:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return {str(re.search(r"^name: (\w+)$", block, re.MULTILINE)[1]): block for block in blocks}  # type: ignore[index]


def test_the_page_prints_these_contracts() -> None:
    assert set(printed_contracts()) == set(INPUTS)
    assert INPUTS["store_customers"][1] in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_a_printed_contract_reads_a_file_of_its_kind(tmp_path: Path, name: str) -> None:
    contract_file = tmp_path / f"{name}.yml"
    contract_file.write_text(printed_contracts()[name], encoding="utf-8")
    file_name, content = INPUTS[name]
    (tmp_path / file_name).write_text(content, encoding="utf-8")
    project = Project.open(DataPaths(tmp_path / "data"), repository_root() / "config")
    report = ingest(project, load_contract(contract_file), [tmp_path / file_name])
    assert (report.total("rows_read"), report.total("accepted"), report.total("quarantined")) == EXPECTED[name]


def test_the_table_of_fields_is_complete() -> None:
    fields = set(SourceContract.model_fields) - {"description", "channel", "currency", "is_simulated", "delimiter"}
    page = PAGE.read_text(encoding="utf-8")
    assert {field for field in fields if f"`{field}`" not in page} == set()
