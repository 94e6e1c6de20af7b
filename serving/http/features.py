"""`POST /v1/features`: what rules and models know of a person, from the batch and from the visit under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from serving.http.body import body_of
from serving.http.deciding import unready
from serving.http.messages import FeaturesAnswer, FeaturesRequest
from serving.http.problems import json_response, refuse
from serving.live import LiveSnapshot
from serving.person import find_person
from serving.service import Service
from serving.snapshot.records import ProfileRecord
from serving.snapshot.stored_profile import told_features
from serving.variables import profile_features


def features(request: Request, content: bytes) -> Response:
    """`POST /v1/features`: identifiers in the body, never in a URL; nothing without consent to personalization."""
    service: Service = request.app.state.service
    body = body_of(content, FeaturesRequest, service.config.max_body_bytes)
    _check(body)
    with service.store.lease() as live:
        if live is None:
            raise unready()
        return json_response(_told(service, live, body))


def _check(body: FeaturesRequest) -> None:
    if body.features is None:
        return
    known = profile_features()
    for index, name in enumerate(body.features):
        if name not in known:
            message = "There is no such feature that decisions may use."
            raise refuse(
                422, "unknown_feature", message, field=f"features[{index}]", value=name, allowed=sorted(known)
            )  # fmt: skip


def _told(service: Service, live: LiveSnapshot, body: FeaturesRequest) -> FeaturesAnswer:
    hashed, now = service.hashed(body.identifiers), service.config.clock.now()
    person = service.live_side.person(find_person(live.reader, hashed), hashed)
    consented = "personalization" in person.granted
    values: Any = {}
    if person.profile is not None and consented:
        values = _values(person.profile, body.features)
    visit = service.live_side.visit(live, person, hashed, now)
    return FeaturesAnswer(
        found=person.profile is not None,
        snapshot_version=live.version,
        as_of=live.reader.manifest.as_of,
        consented=consented,
        features=values,
        session=dict(visit) if visit else {},
    )


def _values(profile: ProfileRecord, names: Sequence[str] | None) -> Any:
    if names is None:
        return told_features(profile)
    carried = profile.features
    return {name: carried.get(name) for name in names}
