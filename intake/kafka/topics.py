"""Which topics are read, with which contracts, and how the client connects."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from intake.contract import ContractError, SourceContract, load_contract
from intake.project import Project

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
# Ours to decide: offsets are committed after the lake has the rows, and what is read first is what is oldest.
OURS = ("bootstrap.servers", "group.id", "enable.auto.commit", "enable.partition.eof", "auto.offset.reset")


class StreamError(RuntimeError):
    """Topics cannot be read; one line without secrets."""


def topic_contracts(project: Project, topics: list[str] | None = None) -> dict[str, SourceContract]:
    """Topic → contract, of all topics in `settings.kafka.topics` or of those named.

    Raises:
        StreamError: no topics, or one that the settings do not name.
        ContractError: a contract is missing, wrong, or not of JSON lines.
    """
    configured = project.settings.kafka.topics
    if not configured:
        raise StreamError(
            "settings.yml: kafka.topics: empty; name each topic and its contract, e.g. shop.orders: shop_orders"
        )
    unknown = sorted(set(topics or ()) - set(configured))
    if unknown:
        raise StreamError(
            f"settings.yml: kafka.topics: no topic {unknown[0]!r}; there are: {', '.join(sorted(configured))}"
        )
    return {
        topic: _contract(project, topic, name) for topic, name in configured.items() if not topics or topic in topics
    }


def _contract(project: Project, topic: str, name: str) -> SourceContract:
    contract = load_contract(project.sources / f"{name}.yml")
    if contract.format != "jsonl":
        message = "must be of format jsonl: each message is one JSON object"
        raise ContractError(
            f"settings.yml: kafka.topics.{topic}: contract {name!r} {message} (got {contract.format!r})"
        )
    return contract


def client_options(project: Project) -> dict[str, str | bool]:
    """Options of librdkafka's consumer; `${NAME}` comes from the environment.

    Raises:
        StreamError: no servers, an option that is not free, or a variable that is not set.
    """
    kafka = project.settings.kafka
    if not kafka.servers:
        raise StreamError("settings.yml: kafka.servers: empty; name the brokers, e.g. broker-1:9092,broker-2:9092")
    taken = sorted(set(kafka.client) & set(OURS))
    if taken:
        raise StreamError(f"settings.yml: kafka.client.{taken[0]}: is set by concierge and cannot be given")
    return {
        **{name: _filled(value, f"kafka.client.{name}") for name, value in kafka.client.items()},
        "bootstrap.servers": _filled(kafka.servers, "kafka.servers"),
        "group.id": kafka.group,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
    }


def _filled(text: str, field: str, environment: Mapping[str, str] = os.environ) -> str:
    missing = [name for name in _VARIABLE.findall(text) if name not in environment]
    if missing:
        raise StreamError(f"settings.yml: {field}: ${{{missing[0]}}} is not set in the environment")
    return _VARIABLE.sub(lambda match: environment[match[1]], text)
