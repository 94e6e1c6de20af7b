"""The employer's domain of an address; free mail and placeholders name no employer."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from intake.contract import IdentifierSpec
from intake.email_domain import company_domain, email_domains, free_mail_domains
from intake.ingest import ingest
from intake.project import Project
from tests.intake.scene import click, contract, lake_rows, write_jsonl


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("ann@acme.com", "acme.com"),
        (" Ann@Mail.ACME.co.uk ", "acme.co.uk"),
        ("ann@sales.acme.com.au", "acme.com.au"),
        ("ann@gmail.com", None),
        ("ann@mail.yahoo.co.uk", None),
        ("ann@comcast.net", None),
        ("ann@mailinator.com", None),
        ("ann@work.example.org", None),
        ("none@acme.com", None),
        ("no address", None),
        ("ann@co.uk", None),
    ],
)
def test_the_registrable_domain(address: str, domain: str | None) -> None:
    assert company_domain(address) == domain


def test_free_mail_domains_are_registrable_and_told_once() -> None:
    file = Path(__file__).parents[2] / "intake" / "free_mail_domains.txt"
    told = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    assert len(told) == len(set(told)) == len(free_mail_domains())
    assert all(domain == domain.lower().strip() and "." in domain for domain in told)


def test_events_carry_the_domain_and_not_the_address(project: Project, tmp_path: Path) -> None:
    source = contract(identifiers=[{"type": "email", "column": "mail"}], properties=["colour"])
    mails = ["ann@acme.com", "bob@gmail.com", None]
    rows = [click(str(number), mail=mail, colour="red") for number, mail in enumerate(mails)]
    ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)])
    properties = [json.loads(row["properties"]) for row in lake_rows(project)]
    assert properties == [{"colour": "red", "email_domain": "acme.com"}, {"colour": "red"}, {"colour": "red"}]


def test_identifiers_that_come_as_lists(project: Project, tmp_path: Path) -> None:
    source = contract(identifiers=[{"column": "ids"}])
    ids = [{"type": "login", "value": "ann"}, {"type": "email", "value": "ann@acme.com"}]
    ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", [click("1", ids=ids), click("2", ids=None)])])
    assert [row["properties"] for row in lake_rows(project)] == ['{"email_domain":"acme.com"}', "{}"]


def test_addresses_that_came_hashed_have_no_domain() -> None:
    table = pa.table({"mail": ["ann@acme.com"]})
    assert email_domains(table, (IdentifierSpec(type="email", column="mail", hashed=True),)) == {}
    assert email_domains(table, ()) == {}
