"""Lets a request in, or says why not: its key, the key's scope and origin, and how often it may ask."""

from __future__ import annotations

import ipaddress
import logging
import math
from functools import lru_cache

from serving.access.buckets import Buckets, address_slot
from serving.access.caller import NOBODY, Caller
from serving.access.key import Key, Scope
from serving.access.limits import GUESSES, Limit, Limits
from serving.access.origin import may_call
from serving.access.ring import KeyRing
from serving.http.problems import Problem, refuse

_LOG = logging.getLogger(__name__)
# Pairs of address and name of a key that was right once; some 200 bytes each.
_FAMILIAR_KEPT = 50_000
_ASKED = "Send a key as 'Authorization: Bearer <key>', or as user name of Basic authentication."
_GUESS, _VISITOR = "guess", "visitor"


class Gate:
    """One worker's gate; buckets and keys are those of all workers."""

    def __init__(self, ring: KeyRing, limits: Limits, buckets: Buckets) -> None:
        self.ring = ring
        self.buckets = buckets
        self._limits = limits
        self._familiar: set[tuple[str, str]] = set()
        self._callers: dict[str, tuple[Key, Caller]] = {}

    def admit(self, secret: bytes | None, address: str, origin: str | None, scope: Scope | None) -> Caller:
        """Who sends this request.

        Args:
            secret: what was shown as a key, if anything.
            address: of the client.
            origin: of the page, as the browser names it.
            scope: what the request needs; None is satisfied by any key.

        Raises:
            Problem: 401 without a key in force, 403 for a wrong origin or a missing scope, 429 above a limit.
        """
        key = None if secret is None else self.ring.key_of(secret)
        if key is None:
            return self._without_key(secret, address, origin, scope)
        if (address, key.name) not in self._familiar:
            self._greet(key, address)
        if key.browser and not may_call(origin, key.origins):
            raise refuse(403, "wrong_origin", "This key is bound to the origins of the shop's pages.", field="origin")
        if scope is not None and scope not in key.scopes:
            message = f"This needs a key of the scope {scope}."
            raise refuse(403, "missing_scope", message, field="authorization", allowed=[scope])
        self._charge(key, address)
        return self._caller(key)

    def _without_key(self, secret: bytes | None, address: str, origin: str | None, scope: Scope | None) -> Caller:
        if self.ring.is_open:
            return _local(address, origin, scope)
        if secret is None:
            raise _unauthorized()
        wait = self.buckets.wait(address_slot(_GUESS, address), *GUESSES)
        if wait:
            raise too_many(wait, "Too many wrong keys came from this address.")
        raise _unauthorized()

    def _greet(self, key: Key, address: str) -> None:
        """An address that has guessed too often waits even if its next guess is right, unless it was right before."""
        wait = self.buckets.lacks(address_slot(_GUESS, address), *GUESSES)
        if wait:
            raise too_many(wait, "Too many wrong keys came from this address.")
        if len(self._familiar) >= _FAMILIAR_KEPT:
            self._familiar.clear()
        self._familiar.add((address, key.name))

    def _charge(self, key: Key, address: str) -> None:
        usual = self._limits.of_key
        per_second = key.per_second or usual.per_second
        burst = key.burst or (usual.burst if key.per_second is None else max(1.0, 2 * key.per_second))
        wait = self.buckets.wait(key.slot, per_second, burst)
        if not wait and key.browser:
            wait = self.buckets.wait(address_slot(_VISITOR, address), *self._limits.of_visitor)
        if wait:
            raise too_many(wait, "This key has asked too often.", Limit(per_second, burst))

    def _caller(self, key: Key) -> Caller:
        held = self._callers.get(key.key_id)
        # The file may say something else of the same key by now.
        if held is None or held[0] is not key:
            held = self._callers[key.key_id] = key, Caller(key.name, frozenset(key.scopes), key.browser)
        return held[1]


def _local(address: str, origin: str | None, scope: Scope | None) -> Caller:
    """Without keys the machine itself is served, and of pages those of the machine: any page of the web could else
    make the browser of whoever sits here pause the shop, or, under a name that it lets point to this machine, read
    answers about people. What such a page may do is tell events, unheard."""
    if not is_loopback(address):
        message = "There are no keys yet, so only this machine is served; make one with: concierge api-keys create."
        raise refuse(401, "unauthorized", message)
    if scope not in (None, "ingest") and origin is not None and not _is_here(origin):
        raise refuse(403, "wrong_origin", "A page of another origin may not do this.", field="origin")
    return NOBODY


def _is_here(origin: str) -> bool:
    return is_loopback(origin.partition("://")[2].rsplit(":", 1)[0].strip("[]"))


@lru_cache(maxsize=1_000)
def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def too_many(wait_seconds: float, message: str, limit: Limit | None = None) -> Problem:
    """429 with the seconds to wait, rounded up."""
    seconds = max(1, math.ceil(wait_seconds))
    bound = None if limit is None else f"{limit.per_second:g} a second, {limit.burst:g} at once"
    problem = refuse(429, "too_many_requests", f"{message} Ask again in {seconds} s.", bound=bound)
    problem.headers["retry-after"] = str(seconds)
    return problem


def _unauthorized() -> Problem:
    problem = refuse(401, "unauthorized", _ASKED)
    problem.headers["www-authenticate"] = "Bearer"
    return problem
