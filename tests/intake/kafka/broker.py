"""The client library's own broker, in this process: real protocol over loopback, one partition a number."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from confluent_kafka import Producer


class Broker:
    """A cluster that lives as long as this object."""

    def __init__(self) -> None:
        quiet = {"log_level": 0}
        self.producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "made-here", **quiet})
        found = self.producer.list_topics(timeout=20).brokers.values()
        self.servers = ",".join(f"{broker.host}:{broker.port}" for broker in found)

    def send(self, topic: str, values: Iterable[bytes | None], partition: int = 0) -> None:
        """Messages in order; None is a tombstone."""
        for value in values:
            self.producer.produce(topic, value, key=b"k", partition=partition)
        assert self.producer.flush(20) == 0


def message(number: int, **fields: Any) -> bytes:
    """A click as the contract of the tests reads it."""
    moment = f"2017-03-01T10:{number // 60 % 60:02d}:{number % 60:02d}Z"
    return json.dumps(
        {"id": f"e{number}", "kind": "page_viewed", "at": moment, "who": f"v{number % 7}"} | fields
    ).encode()
