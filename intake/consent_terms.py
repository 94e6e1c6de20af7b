"""The `consents` part of a contract: columns that say whether a person granted or refused a purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, field_validator

from intake.contract_terms import Part, texts_of
from intake.expressions import column_of
from intake.purposes import Asked
from intake.reasons import Reasons
from intake.values import as_text

Word = Literal["granted", "refused", "absent"]
Stated = npt.NDArray[np.int8]
"""For each row 1 granted, 0 refused, -1 nothing said."""

CODES: Final[Mapping[str, int]] = {"granted": 1, "refused": 0, "absent": -1}
UNCLEAR: Final = -2
_YES = "true 1 yes y t on granted grant given opt_in optin opt-in opted_in accept accepted allow allowed subscribed"
_NO = (
    "false 0 no n f off refused denied deny rejected withdrawn revoked opt_out optout opt-out opted_out unsubscribed"
    " expired"
)
USUAL_WORDS: Final[Mapping[str, int]] = {
    **dict.fromkeys(_YES.split(), 1),
    **dict.fromkeys(_NO.split(), 0),
    **dict.fromkeys(["null", "none", "unknown", "n/a", "pending"], -1),
}
"""Understood without saying, in any case of letters."""


class ConsentTerm(Part):
    """Where one purpose's consent stands; usual words (yes, 0, opt_in, withdrawn, …) need no map."""

    column: str = Field(description="column or path; empty means that nothing was said")
    map: dict[str, Word] = Field(default={}, description="what its values mean, beside the usual words")

    @field_validator("map", mode="before")
    @classmethod
    def _text_keys(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {text: word for key, word in value.items() for text in texts_of(key)}

    def stated(self, table: pa.Table) -> Stated:
        """What each row says; `UNCLEAR` where the value means nothing known."""
        words = as_text(column_of(table, self.column)).dictionary_encode()
        codes = np.array([*(self._code(word) for word in words.dictionary.to_pylist()), -1], dtype=np.int8)
        return np.asarray(codes[pc.fill_null(words.indices, len(codes) - 1).to_numpy(zero_copy_only=False)])

    def _code(self, text: str) -> int:
        known = {key.casefold(): CODES[word] for key, word in self.map.items()}
        return known.get(text.casefold(), USUAL_WORDS.get(text.casefold(), UNCLEAR))


def _as_term(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


Consents = dict[Asked, Annotated[ConsentTerm, BeforeValidator(_as_term)]]


def stated_consents(heads: pa.Table, consents: Consents, reasons: Reasons) -> dict[str, Stated]:
    """What each row says of each purpose; rows with a value that means nothing known are marked."""
    found: dict[str, Stated] = {}
    for purpose, term in consents.items():
        codes = term.stated(heads)
        reasons.mark(codes == UNCLEAR, f"unclear_consent:{purpose}")
        if (codes >= 0).any():
            found[purpose] = codes
    return found
