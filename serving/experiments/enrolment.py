"""That a unit takes part in an experiment: what was drawn, with what probability, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

Traffic = Literal["live", "holdout", "canary"]


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One decision's part in an experiment.

    Without `arm` the decision does not count for any: the holdout, an arm that is blocked now, the rules' side of
    hybrid traffic. `unit_id` is the text that was hashed, of the first draw where it is `remembered`. `probabilities`
    is the row that was drawn from, without what was not permitted; `draw_u` the number in [0, 1) it was drawn with.
    """

    experiment: str
    version: int
    traffic: Traffic
    unit_type: str
    unit_id: str
    arm: str | None = None
    context_bucket: str = "any"
    probabilities: dict[str, float] = {}
    table_version: str = ""
    draw_u: float | None = None
    remembered: bool = False

    @property
    def key(self) -> str:
        """`experiment/version`."""
        return f"{self.experiment}/{self.version}"


class Remembered(msgspec.Struct, array_like=True, frozen=True):
    """The first draw of a unit. `arm` "" is the holdout; moments are seconds since 1970, `exposed_at` 0 is never known
    to have been shown."""

    arm: str
    propensity: float
    table_version: str
    unit_id: str
    drawn_at: int
    exposed_at: int = 0
    traffic: Traffic = "live"
    row: dict[str, float] = {}

    @property
    def order(self) -> tuple[bool, int, int]:
        """What is seen first wins; what was seen wins over what was only drawn."""
        return self.exposed_at == 0, self.exposed_at or self.drawn_at, self.drawn_at


_TEXT = msgspec.json.Encoder()
_READ = msgspec.json.Decoder(Remembered)


def earliest(found: Iterable[Remembered | None]) -> Remembered | None:
    """The one that counts of several that are known of one person."""
    known = [one for one in found if one is not None]
    return min(known, key=lambda one: one.order) if known else None


def as_text(remembered: Remembered) -> str:
    """As it stands in a visit and in a log line; floats come back to the bit."""
    return _TEXT.encode(remembered).decode()


def from_text(text: str) -> Remembered:
    """The inverse of `as_text`."""
    return _READ.decode(text)


def remembered_from(enrolment: Enrolment, propensity: float, at: int) -> Remembered | None:
    """What to keep of a draw; None for what is no first draw."""
    is_draw = enrolment.arm is not None or enrolment.traffic == "holdout"
    if enrolment.remembered or not is_draw:
        return None
    return Remembered(
        enrolment.arm or "",
        propensity,
        enrolment.table_version,
        enrolment.unit_id,
        at,
        traffic=enrolment.traffic,
        row=dict(enrolment.probabilities),
    )
