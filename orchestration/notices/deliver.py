"""One message over Apprise: as plain text, within a time, and without a word of the address."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apprise import Apprise

Send = Callable[[str, str, str], bool]
"""Address, title and body; True when the receiver took it."""
# Apprise waits 4 s for each answer, but for as long as one goes on coming; mail needs some ten answers. Dagster gives a
# sensor 60 s, and there may be several receivers.
DEADLINE_SECONDS = 20.0


def is_understood(to: str) -> bool:
    """Whether Apprise knows what to do with the address."""
    with _quiet() as receiver:
        return bool(receiver.add(to))


def deliver(to: str, title: str, text: str, *, seconds: float = DEADLINE_SECONDS) -> bool:
    """Send, and wait at most so long for the answer; what has not been taken by then counts as not delivered."""
    name = f"notice to {blake2b(to.encode(), digest_size=8).hexdigest()}"
    if any(thread.name == name for thread in threading.enumerate()):
        # The receiver still has the last attempt in hand.
        return False
    taken: list[bool] = []
    # A daemon thread, so that what a receiver keeps waiting keeps no process from its end.
    sending = threading.Thread(target=lambda: taken.append(_sent(to, title, text)), name=name, daemon=True)
    sending.start()
    sending.join(seconds)
    return taken == [True]


def _sent(to: str, title: str, text: str) -> bool:
    try:
        with _quiet() as receiver:
            # Titles quote what sources sent: told that it is text, Apprise escapes it where the receiver reads HTML.
            return bool(receiver.add(to)) and bool(receiver.notify(title=title, body=text, body_format="text"))
    except Exception:  # noqa: BLE001 - whatever a receiver does, its error may hold the address
        return False


@contextmanager
def _quiet() -> Iterator[Apprise]:
    """Apprise without log lines, which hold addresses, and without threads of its own, which a process waits for."""
    with warnings.catch_warnings():
        # One of its mail plugins imports a module that Python 3.13 drops.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        logger = logging.getLogger("apprise")
        logger.handlers, logger.propagate = [logging.NullHandler()], False
        yield apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
