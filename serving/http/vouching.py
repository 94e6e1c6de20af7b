"""User tokens of posted events: which events carry identifiers that the shop vouches for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from starlette.requests import Request

from intake.user_token import Identifiers, UserTokenError
from serving.http.messages import Event
from serving.http.problems import Problem, refuse
from serving.lines import Hashed
from serving.service import Service

HEADER = "X-Concierge-User-Token"
# A browser names these by itself: they say nothing of a person, so no token has to vouch for them.
OF_THE_BROWSER = frozenset({"device_id", "cookie", "click_id", "ip", "fingerprint"})


def vouched_events(
    service: Service, request: Request, events: Sequence[Event], hashed: Sequence[Hashed], now: datetime
) -> list[bool]:
    """Whether each event names a person and the shop vouches for all that it says of the person.

    An event's own `user_token` counts before the header, which speaks for the whole batch.

    Raises:
        Problem: 422 for a token that proves nothing, or that does not cover an event's identifiers of the person.
    """
    known: dict[str, Identifiers] = {}
    common = request.headers.get(HEADER)
    answers = []
    for index, (event, pairs) in enumerate(zip(events, hashed, strict=True)):
        token = event.user_token or common
        if token is None:
            answers.append(False)
            continue
        field = f"events[{index}].user_token" if event.user_token else HEADER
        if token not in known:
            known[token] = _checked(service, token, now, field)
        answers.append(_covered(known[token], pairs, f"events[{index}].identifiers", field))
    return answers


def vouched_pairs(service: Service, token: str, pairs: Hashed, now: datetime, field: str) -> None:
    """Check that the token vouches for every identifier of a person among these.

    Raises:
        Problem: 422 for a token that proves nothing, or that does not cover them.
    """
    _covered(_checked(service, token, now, field), pairs, "identifiers", field)


def _checked(service: Service, token: str, now: datetime, field: str) -> Identifiers:
    try:
        return service.vouched(token, now)
    except UserTokenError as error:
        raise _bad(f"The user token is not accepted: {error}.", field) from None


def _covered(vouched: Identifiers, pairs: Hashed, where: str, field: str) -> bool:
    personal = {(kind, value) for kind, value in pairs if kind not in OF_THE_BROWSER}
    strange = sorted({kind for kind, _ in personal - vouched})
    if strange:
        message = f"The user token does not vouch for {where}: {', '.join(strange)}."
        raise _bad(message, field)
    return bool(personal)


def _bad(message: str, field: str) -> Problem:
    return refuse(422, "bad_user_token", message, field=field)
