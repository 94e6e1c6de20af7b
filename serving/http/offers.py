"""Offers of another protocol, which a server may pass over: none is taken here."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import httptools

_CONNECT = b"CONNECT"


class UnofferedParser(httptools.HttpRequestParser):
    """Reads a request that offers another protocol as if it did not.

    Java's client and `curl --http2` offer HTTP/2 with their first request. The parser ends such a request with its
    head, and what follows would be the other protocol's: it is told the same head again without the offer.

    Args:
        protocol: asks `is_offer` when a head is complete, and passes over one that is.
        head: the head that came last, without the offer.
    """

    def __init__(self, protocol: object, head: Callable[[], bytes]) -> None:
        super().__init__(protocol)
        # As the server does: who asks ahead after `connection: close` is answered once.
        self.set_dangerous_leniencies(lenient_data_after_close=True)
        self._head = head

    def is_offer(self) -> bool:
        """Whether the head that was read last is told again; a tunnel is no offer, and what follows is nobody's."""
        return self.should_upgrade() and self.get_method() != _CONNECT

    def feed_data(self, data: bytes | bytearray | memoryview[int] | array[int]) -> None:
        """Go on reading.

        Raises:
            httptools.HttpParserError: this is no HTTP.
            httptools.HttpParserUpgrade: a tunnel was asked for.
        """
        rest = memoryview(data)
        while True:
            try:
                super().feed_data(rest)
                return
            except httptools.HttpParserUpgrade as offer:
                if not self.is_offer():
                    raise
                rest = rest[offer.args[0] :]
            super().feed_data(self._head())
