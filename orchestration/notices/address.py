"""A receiver's address, which is a secret: read late, never shown."""

from __future__ import annotations

import os
import re

from intake.settings_quality import NotifyTarget

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class AddressError(ValueError):
    """A receiver has no usable address; the message names the receiver and the variable, never the address."""


def address(target: NotifyTarget) -> str:
    """The Apprise address with environment variables filled in.

    Raises:
        AddressError: a variable that it names is not set.
    """
    text = target.url or f"${{{target.env}}}"
    missing = [name for name in _REFERENCE.findall(text) if not os.environ.get(name)]
    if missing:
        raise AddressError(f"{target.name}: the environment variable {missing[0]} is not set")
    return _REFERENCE.sub(lambda found: os.environ[found.group(1)], text).strip()
