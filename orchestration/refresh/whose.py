"""Whose rows a query reads: everybody's, those of touched customers, or a stretch of all customers at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Whose:
    """Customers by the order of their ids; `before` is the first one that is left out, None for all to the end."""

    only_touched: bool = False
    first: str | None = None
    before: str | None = None

    def among(self, column: str) -> str:
        """A condition on a column of customer ids."""
        if self.only_touched:
            return f"{column} in (select customer_id from refresh.customer)"
        bounds = [
            f"{column} {sign} '{bound.replace(chr(39), chr(39) * 2)}'"
            for sign, bound in ((">=", self.first), ("<", self.before))
            if bound is not None
        ]
        return " and ".join(bounds) or "true"


EVERYBODY: Final = Whose()
TOUCHED: Final = Whose(only_touched=True)
"""Whoever an hourly run looks at (`refresh.customer`)."""
