"""The sentence that tells people that an answer of theirs decided."""

from __future__ import annotations

from collections.abc import Mapping

from serving.expression import answers_in
from serving.live import LiveSnapshot
from serving.variables import ANSWER, Value


def because(live: LiveSnapshot, expression: str, values: Mapping[str, Value]) -> str:
    """What to tell of the answers that an expression asked for; "" when it asked for none, or none was given."""
    told = []
    for question in sorted(answers_in(expression)) if live.because and ANSWER in expression else ():
        answer = values.get(ANSWER + question)
        if answer and (sentence := live.because.get(question)):
            told.append(sentence.replace("{answer}", str(answer)))
    return " ".join(told)
