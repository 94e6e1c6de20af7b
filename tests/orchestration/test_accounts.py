"""Listed companies: addresses and ranges come out as intake hashes them, mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.accounts import AccountsError, account_addresses, listed_accounts


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "config").mkdir()
    return Project.open(DataPaths(tmp_path / "data"), tmp_path / "config")


def _list(project: Project, text: str) -> None:
    (project.config / "accounts.yml").write_text(text, encoding="utf-8")


def test_a_range_is_written_out_and_hashed_as_intake_does(project: Project) -> None:
    _list(
        project,
        "accounts:\n"
        "  - {name: Acme, domain: acme.test, ip_addresses: [8.8.8.0/30, '2001:4860:4860::8888']}\n"
        "  - {name: Depot, ip_addresses: [9.9.9.9, 192.168.0.1]}\n",
    )
    frame = account_addresses(project)
    key = identifier_key_bytes(project.paths)
    expected = {
        hash_identifier(key, "ip", address): account
        for address, account in [
            *((f"8.8.8.{last}", "domain:acme.test") for last in range(4)),
            ("2001:4860:4860:0:0:0:0:8888", "domain:acme.test"),
            ("9.9.9.9", "ip:Depot"),
        ]
    }
    assert dict(zip(frame["value_hash"], frame["account_id"], strict=True)) == expected
    assert set(frame["account_name"]) == {"Acme", "Depot"}


def test_without_a_file_or_entries_there_are_none(project: Project) -> None:
    assert account_addresses(project).empty
    _list(project, "accounts: []\n")
    assert account_addresses(project).empty
    assert listed_accounts(repository_root() / "config") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accounts: [{name: A, ip_addresses: [8.8.8.1/24]}]", "A: ip_addresses: 8.8.8.1/24 has host bits set"),
        ("accounts: [{name: A, ip_addresses: [8.0.0.0/15]}]", "more than 65,536 addresses"),
        ("accounts: [{name: A, ip_addresses: []}]", "accounts.0.ip_addresses"),
        ("accounts: [{name: A, domain: 'http://a.b', ip_addresses: [8.8.8.8]}]", "accounts.0.domain"),
        ("accounts: [{name: A, ip_addresses: [8.8.8.8], owner: x}]", "accounts.0.owner"),
        ("accounts: [", "not readable as YAML"),
        (
            "accounts: [{name: A, ip_addresses: [8.8.8.8]}, {name: B, ip_addresses: [8.8.8.0/24]}]",
            "8.8.8.8 is listed for A and B",
        ),
    ],
)
def test_mistakes_are_named(project: Project, text: str, said: str) -> None:
    _list(project, text)
    with pytest.raises(AccountsError, match=r"accounts\.yml") as error:
        account_addresses(project)
    assert said in str(error.value)
