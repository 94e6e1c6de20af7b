"""Where a yes is needed first, whoever has said nothing is not kept, not followed and answered as everybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from intake.config_file import ConfigFileError
from intake.hashing import hash_identifier
from intake.ops_records import ConsentChange
from intake.regime import ConsentRules
from serving.http.messages import DecideRequest
from serving.person import Person
from serving.policy import Policy, Rule
from serving.silence import FollowedRules, under_regime
from serving.snapshot import pointer
from serving.snapshot.records import ProfileRecord
from tests.serving import sample
from tests.serving.service_client import logged
from tests.serving.test_live_service import ANN, COOKIE, STRANGER, consent, play, segment_calls

RULES = ConsentRules.model_validate({"regions": {"DE": "opt_in", "US-CA": {"analytics": "opt_in"}}})
STRICT = {"rules": lambda: RULES}
SEEN = Rule(
    name="seen", effect="force", when="session_page_views >= 1", reason="You looked.", placements=["home_hero"],
    actions=["deli"],
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    profiles = {profile.customer_id: profile for profile in sample.profiles()}
    agreed = sample.CONSENTED | {"agreed": ["analytics", "personalization", "profiling_price"]}
    profiles["bob"] = ProfileRecord("bob", 0, "Fresh", **agreed)
    profiles["eve"] = ProfileRecord("eve", 0, "Fresh", consent_analytics=False)
    profiles["finn"] = ProfileRecord("finn", 0, "Fresh", refusals={"analytics": [(1, 1)]}, consent_analytics=False)
    policy = Policy(name="live", version=1, description="d", owner="o", rules=[SEEN])
    sample.write(tmp_path / "snapshots", "v1", policies=[policy], profiles=list(profiles.values()))
    pointer.switch(tmp_path / "snapshots", "v1")
    return tmp_path


async def post(client: httpx.AsyncClient, who: list[dict[str, str]], name: str, **more: Any) -> dict[str, Any]:
    event = {"event_type": "page_viewed", "identifiers": who, "event_id": name, **more}
    response = await client.post("/v1/events", json={"events": [event]})
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    return body


async def ask(client: httpx.AsyncClient, who: list[dict[str, str]], **context: str) -> tuple[str, str | None]:
    body = {"placements": ["home_hero"], "identifiers": who, "context": context}
    (answer,) = (await client.post("/v1/decide", json=body)).json()["decisions"]
    return answer["rung"], answer["missing_purpose"]


def loyalty(name: str) -> list[dict[str, str]]:
    return [{"type": "loyalty_id", "value": name}]


def test_an_event_is_kept_only_after_a_yes_where_the_place_asks_first(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert (await post(first, STRANGER, "us", country="US"))["accepted"] == 1
        assert (await post(first, STRANGER, "de", country="DE"))["suppressed"] == ["de"]
        assert (await post(first, STRANGER, "ca", country="us", region="CA"))["suppressed"] == ["ca"]
        assert (await post(first, [], "nobody", country="DE"))["accepted"] == 1
        order = {"event_type": "order_completed", "order_id": "1", "amount": 5.0}
        assert (await post(first, STRANGER, "order", country="DE", **order))["accepted"] == 1
        assert (await consent(second, STRANGER, True, purpose="analytics")).status_code == 202
        assert (await post(first, STRANGER, "agreed", country="DE"))["accepted"] == 1
        early = (sample.NOW - timedelta(minutes=1)).isoformat()
        assert (await post(first, STRANGER, "early", country="DE", occurred_at=early))["suppressed"] == ["early"]

    play(root, scenario, **STRICT)
    assert {line["event_id"] for line in logged(root, "events")} == {"us", "nobody", "order", "agreed"}


def test_consent_of_the_same_batch_counts_for_its_other_events(root: Path) -> None:
    def said(granted: bool, n: int) -> dict[str, Any]:
        properties = {"purpose": "analytics", "granted": granted}
        return {"event_type": "consent_updated", "properties": properties, "event_id": f"word{n}"}

    async def scenario(first: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
        view = {"event_type": "page_viewed", "country": "DE"}
        batch = [said(True, 1), view | {"event_id": "kept"}]
        events = [event | {"identifiers": COOKIE} for event in batch]
        events += [event | {"identifiers": STRANGER} for event in (said(False, 2), view | {"event_id": "refused"})]
        body = (await first.post("/v1/events", json={"events": events})).json()
        assert (body["event_ids"], body["suppressed"]) == (["word1", "kept", "word2"], ["refused"])

    play(root, scenario, **STRICT)


def test_what_intake_knows_of_consent_counts_and_without_it_nothing_is_taken(root: Path) -> None:
    name = sample.value_hash("cookie", "nobody-knows")
    words = [ConsentChange(name, "analytics", True, datetime(2017, 1, 1, tzinfo=UTC))]

    async def agreed(first: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
        assert (await post(first, STRANGER, "a", country="DE"))["accepted"] == 1
        words.append(ConsentChange(name, "analytics", False, datetime(2017, 1, 1, tzinfo=UTC)))
        assert (await post(first, STRANGER, "b", country="DE"))["suppressed"] == ["b"]

    play(root, agreed, said_before=lambda hashes: words if name in hashes else [], **STRICT)
    other = sample.value_hash("cookie", "another-browser")
    mixed = [words[0], ConsentChange(other, "analytics", False, datetime(2017, 1, 2, tzinfo=UTC))]

    async def one_refuses(first: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
        both = [*STRANGER, {"type": "cookie", "value": "another-browser"}]
        assert (await post(first, both, "c", country="DE"))["suppressed"] == ["c"]
        assert (await post(first, STRANGER, "d", country="DE"))["accepted"] == 1

    play(root, one_refuses, said_before=lambda hashes: [word for word in mixed if word.identifier in hashes], **STRICT)

    def broken(_: object) -> list[ConsentChange]:
        raise OSError("no disk")

    async def unknown(first: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
        event = {"event_type": "page_viewed", "identifiers": STRANGER}
        for country, status in (("DE", 503), ("US", 202)):
            assert (
                await first.post("/v1/events", json={"events": [event | {"country": country}]})
            ).status_code == status

    play(root, unknown, said_before=broken, **STRICT)


def test_silence_where_a_yes_is_needed_gets_the_plain_answer_which_says_so(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert await ask(second, STRANGER) == ("popular", None)
        assert await ask(second, STRANGER, country="DE") == ("no_consent", "analytics")
        assert await ask(second, [], country="DE") == ("popular", None)
        # The batch judged ann where she lives; she is elsewhere now. Bob has said yes in so many words.
        assert await ask(second, ANN) == ("segment", None)
        assert await ask(second, ANN, country="DE") == ("no_consent", "analytics")
        assert await ask(second, loyalty("bob"), country="DE") == ("segment", None)
        await consent(first, STRANGER, True, purpose="analytics")
        assert await ask(second, STRANGER, country="DE") == ("no_consent", "personalization")
        await consent(first, STRANGER, True)
        assert await ask(second, STRANGER, country="DE") == ("popular", None)

    play(root, scenario, **STRICT)
    lines = logged(root, "decisions")
    assert [bool(line["identifiers"]) for line in lines] == [True, False, False, True, False, True, True, True]


def test_a_visit_is_not_looked_at_where_nobody_agreed_to_it(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        await post(first, STRANGER, "seen")
        assert await ask(second, STRANGER) == ("rule", None)
        assert await ask(second, STRANGER, country="DE") == ("no_consent", "analytics")
        await post(first, loyalty("cleo"), "seen too")
        assert await ask(second, loyalty("cleo")) == ("no_consent", "personalization")

    play(root, scenario, **STRICT)
    assert ["session" in line["properties"] for line in logged(root, "decisions")] == [True, False, False]


def test_everywhere_else_is_a_place_too(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert (await post(first, STRANGER, "silent"))["suppressed"] == ["silent"]
        assert await ask(second, STRANGER) == ("no_consent", "analytics")

    rules = ConsentRules.model_validate({"default": "opt_in"})
    play(root, scenario, rules=lambda: rules)
    assert logged(root, "events") == []


def test_refusals_that_only_the_snapshot_knows_keep_events_out_until_the_same_identifier_agrees(root: Path) -> None:
    finn = loyalty("finn")

    async def scenario(first: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
        assert (await post(first, finn, "refused"))["suppressed"] == ["refused"]

    play(root, scenario)
    assert logged(root, "events") == []


def test_a_yes_to_personalization_alone_profiles_nobody_who_may_not_be_recorded(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        eve = [{"type": "cookie", "value": "eve-s"}]
        await consent(first, eve, True)
        assert (await ask(second, eve))[0] == "no_consent"
        await consent(first, eve, True, purpose="analytics")
        assert (await ask(second, eve))[0] == "segment"

    identifiers = [*sample.contents().identifiers, ("cookie", sample.value_hash("cookie", "eve-s"), "eve")]
    profiles = [ProfileRecord("eve", 0, "Fresh", consent_analytics=False)]
    sample.write(root / "snapshots", "v2", profiles=profiles, identifiers=identifiers[-1:])
    pointer.switch(root / "snapshots", "v2")
    play(root, scenario)


def test_a_segment_call_is_judged_by_its_country(root: Path) -> None:
    page = {"type": "page", "anonymousId": "k9", "timestamp": "2018-01-02T15:29:50Z"}
    calls = [page | {"messageId": c, "context": {"location": {"country": c}}} for c in ("DE", "US")]

    async def scenario(first: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
        answer = await first.post("/v1/batch", json={"batch": calls}, headers={"authorization": "Bearer x"})
        assert answer.status_code == 200

    play(root, scenario, segment_calls=segment_calls(), **STRICT)
    lines = [line for file in (root / "service_log" / "segment").glob("*") for line in file.read_bytes().splitlines()]
    assert len(lines) == 1


def test_rules_follow_their_file_and_a_wrong_one_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.silence._LOOK_SECONDS", 0.0)
    file = tmp_path / "consent.yml"
    followed = FollowedRules(tmp_path)
    assert followed.now().regime("analytics", "DE", None) == "opt_out"
    file.write_text("regions: {DE: opt_in}")
    assert followed.now().regime("analytics", "DE", None) == "opt_in"
    file.write_text("regions: {DE: perhaps}")
    assert followed.now().regime("analytics", "DE", None) == "opt_in"
    with pytest.raises(ConfigFileError, match="regions"):
        FollowedRules(tmp_path)
    file.write_text("")
    assert followed.now().regime("analytics", "DE", None) == "opt_in"
    file.unlink()
    assert followed.now().regime("analytics", "DE", None) == "opt_in"
    file.write_text("regions: {AT: opt_in}")
    assert followed.now().regime("analytics", "DE", None) == "opt_out"


@pytest.mark.parametrize("country", [None, "US", "DE"])
def test_nobody_at_all_is_never_silent(country: str | None) -> None:
    person = Person(None, "", frozenset())
    assert under_regime(person, RULES, country, None, []) is person


def test_a_place_is_part_of_a_question() -> None:
    assert {"country", "region"} <= set(DecideRequest(placements=["a"]).context.__struct_fields__)


def preferring(name: str, **preferences: bool) -> dict[str, Any]:
    context = {"location": {"country": "DE"}, "consent": {"categoryPreferences": preferences}}
    return {"type": "page", "anonymousId": "k9", "messageId": name, "context": context}


def test_what_a_segment_call_says_of_consent_holds_at_once_and_is_written_once(root: Path) -> None:
    who = [{"type": "cookie", "value": "k9"}]
    calls = iter([{"Analytics": True, "Personalization": True}, {"Analytics": True}, {"Analytics": False}])

    async def say(client: httpx.AsyncClient, name: str) -> None:
        call = preferring(name, **next(calls))
        assert (await client.post("/v1/page", json=call, headers={"authorization": "Bearer x"})).status_code == 200

    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert await ask(second, who, country="DE") == ("no_consent", "analytics")
        await say(first, "m1")
        assert await ask(second, who, country="DE") == ("rule", None)
        await say(first, "m2")

    async def after(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        assert await ask(second, who, country="DE") == ("rule", None)
        await say(second, "m3")
        assert await ask(second, who, country="DE") == ("no_consent", "analytics")

    # The test's hash is the mapping's, so that the cookie of a call is the cookie of a question.
    same = STRICT | {"hash_identifier": lambda kind, value: hash_identifier(sample.KEY, kind, value)}
    play(root, scenario, segment_calls=segment_calls(), **same)
    play(root, after, segment_calls=segment_calls(), **same)
    words = [(line["event_id"], line["properties"]["granted"]) for line in logged(root, "consents")]
    assert words == [
        ("m1:consent:analytics", True), ("m1:consent:personalization", True), ("m3:consent:analytics", False),
    ]  # fmt: skip
    lines = [line for file in (root / "service_log" / "segment").glob("*") for line in file.read_bytes().splitlines()]
    assert len(lines) == 2, "the call that refused is not kept"
