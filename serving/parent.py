"""A worker ends with the process that started it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

# Longer than a worker drains its requests.
GRACE_SECONDS = 20.0


def end_with_parent(grace_seconds: float = GRACE_SECONDS) -> None:
    """End this process, as with SIGTERM, when its parent is gone, however that came.

    Where SIGTERM is ignored or blocked, or what is under way does not end, `grace_seconds` later with SIGKILL.

    A worker that lives on holds the port: whoever starts the service again is told that the address is in use. Without
    a parent of Python's own kind, as with a single worker, nothing is watched.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace_seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent", daemon=True).start()
