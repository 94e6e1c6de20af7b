"""Companies with known IP addresses: `config/accounts.yml`, hashed as intake hashes addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.project import Project

FILE = "accounts.yml"
# Hashes cannot be compared with a range, so a range is written out. A /16 takes a fifth of a second.
MOST_ADDRESSES = 65_536
COLUMNS = ["value_hash", "account_id", "account_name", "domain"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AccountsError(ValueError):
    """`accounts.yml` is unreadable, or lists what cannot be."""


class ListedAccount(BaseModel):
    """One company: its name, its e-mail domain if known, and addresses or ranges (`8.8.8.0/28`) in clear."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1)
    domain: str | None = Field(default=None, pattern=r"^[a-z0-9.-]+\.[a-z0-9-]+$")
    ip_addresses: tuple[str, ...] = Field(min_length=1)

    @property
    def account_id(self) -> str:
        """The account that its people's e-mail domain has as well, where the domain is known."""
        return f"domain:{self.domain}" if self.domain else f"ip:{self.name}"


class _Book(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    accounts: tuple[ListedAccount, ...] = ()


def listed_accounts(config: Path) -> tuple[ListedAccount, ...]:
    """The companies of `accounts.yml`; none without the file.

    Raises:
        AccountsError: names the file, the field and what is wrong.
    """
    file = config / FILE
    if not file.exists():
        return ()
    try:
        return _Book.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {}).accounts
    except yaml.YAMLError as error:
        raise AccountsError(f"{file}: not readable as YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise AccountsError(f"{file}: {field}: {first['msg']} (got {first['input']!r})") from error


def account_addresses(project: Project) -> pd.DataFrame:
    """Rows of `identity.account_address`: one a listed address, as a keyed hash.

    Addresses that intake never keeps (of private networks, say) are left out.

    Raises:
        AccountsError: not an address or range, more than 65,536 addresses, or one address of two companies.
    """
    key = identifier_key_bytes(project.paths)
    rows: dict[str, tuple[str, str, str | None]] = {}
    for account, address in _addresses(project.config):
        hashed = hash_identifier(key, "ip", address)
        values = (account.account_id, account.name, account.domain)
        if hashed is not None and rows.setdefault(hashed, values) != values:
            raise AccountsError(
                f"{project.config / FILE}: {address} is listed for {rows[hashed][1]} and {account.name}"
            )
    return pd.DataFrame([(hashed, *values) for hashed, values in rows.items()], columns=COLUMNS).astype("object")


def _addresses(config: Path) -> Iterator[tuple[ListedAccount, str]]:
    left = MOST_ADDRESSES
    for account in listed_accounts(config):
        for text in account.ip_addresses:
            network = _network(config, account, text)
            left -= network.num_addresses
            if left < 0:
                raise AccountsError(f"{config / FILE}: {account.name}: {text}: more than {MOST_ADDRESSES:,} addresses")
            yield from ((account, str(address)) for address in network)


def _network(config: Path, account: ListedAccount, text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise AccountsError(f"{config / FILE}: {account.name}: ip_addresses: {error}") from error
