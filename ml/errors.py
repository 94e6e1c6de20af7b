"""What a model says instead of an answer when the data cannot carry one."""

from __future__ import annotations


class NotTrainable(Exception):  # noqa: N818  a verdict about the data, not a defect of the program
    """The frame cannot support this model; the previous version should go on serving.

    Attributes:
        reason: one readable sentence with the figure and the bound it missed.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
