"""A worker ends with the process that started it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading


def end_with_parent() -> None:
    """End this process, as with SIGTERM, when its parent is gone, however that came.

    A worker that lives on holds the port: whoever starts the service again is told that the address is in use. Without
    a parent of Python's own kind, as with a single worker, nothing is watched.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
