"""What librdkafka says of its connections, each thing once a minute: it tries again some ten times a second."""

from __future__ import annotations

import logging
import time

SECONDS = 60.0


class OnceAMinute(logging.Filter):
    """Lets a message through that was not said within the last minute; how long it took does not count as news."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True for what is to be said."""
        text, now = record.getMessage().split(" (after ")[0], time.monotonic()
        said = self._said.get(text)
        if said is not None and now - said < SECONDS:
            return False
        self._said = {other: at for other, at in self._said.items() if now - at < SECONDS} | {text: now}
        return True


def client_log() -> logging.Logger:
    """The logger to give to a client."""
    log = logging.getLogger("intake.kafka.client")
    if not any(isinstance(known, OnceAMinute) for known in log.filters):
        log.addFilter(OnceAMinute())
    return log
