"""Why rows were set aside: one reason a row, the first that was found."""

from __future__ import annotations

import numpy as np

from intake.values import Mask, Whole


class Reasons:
    """A reason code for each of `rows` rows; 0 means nothing was found."""

    def __init__(self, rows: int) -> None:
        self.codes = np.zeros(rows, dtype=np.int16)
        self.names: list[str] = [""]

    def mark(self, rows: Mask, reason: str) -> None:
        """Give the reason to those of the rows that have none yet."""
        fresh = rows & (self.codes == 0)
        if not fresh.any():
            return
        if reason not in self.names:
            self.names.append(reason)
        self.codes[fresh] = self.names.index(reason)

    @property
    def flagged(self) -> Mask:
        """Rows with a reason."""
        return np.asarray(self.codes != 0)

    def name_of(self, row: int) -> str:
        """The reason of one row, empty when there is none."""
        return self.names[int(self.codes[row])]

    def of(self, rows: Whole) -> list[str]:
        """The reasons of these rows."""
        return [self.names[code] for code in self.codes[rows]]
