"""Who is at the keyboard, for the record of what was done by hand."""

from __future__ import annotations

import getpass
import os


def current_actor() -> str:
    """The login name; in a container without one, the numeric user id."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
