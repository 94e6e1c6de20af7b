"""A broker that is away is told once, however often the client tries."""

from __future__ import annotations

import logging

import pytest

from intake.kafka.client_log import client_log


def test_what_was_said_is_not_said_again_within_the_minute(caplog: pytest.LogCaptureFixture) -> None:
    log = client_log()
    with caplog.at_level(logging.WARNING, logger=log.name):
        for tried in range(50):
            log.error("a-1: Connect failed: refused (after %dms in state CONNECT)", tried)
        log.error("b-2: Connect failed: refused (after 0ms in state CONNECT)")
    assert [record.getMessage()[:3] for record in caplog.records] == ["a-1", "b-2"]
