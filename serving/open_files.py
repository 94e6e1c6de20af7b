"""How many connections a worker can hold: each takes one of the files that the system lets a process have open."""

from __future__ import annotations

import resource

OWN_FILES = 128
"""Left to the worker itself: its logs, snapshot, databases and sockets, of which a running one has some 20."""


def allow_most() -> None:
    """As many open files as the system lets this user have: many shells start with 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def connections_within(wanted: int) -> tuple[int, str | None]:
    """How many of `wanted` connections there is room for, at least one; and a sentence where it is not all of them."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or wanted <= allowed - OWN_FILES:
        return wanted, None
    found = max(1, allowed - OWN_FILES)
    return found, (
        f"serving.max_connections: {wanted:,}, but only {allowed:,} files may be open (ulimit -n), of which a worker "
        f"needs {OWN_FILES} itself: it holds {found:,} connections and answers 503 to more"
    )
