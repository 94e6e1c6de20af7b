"""First draws are kept: through a login, another table, a restart; and decisions are made again to the byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from intake.clock import FixedClock
from serving.experiments.definition import Experiment
from serving.experiments.enrolment import Remembered
from serving.experiments.learned import ArmRow, Learned
from serving.live import LiveSnapshot
from serving.log.lookup import decision_lines
from serving.overlay.assigned import CustomerOf
from serving.overlay.overlay import Overlay
from serving.replay.again import replay
from serving.replay.kept import keep
from serving.snapshot import pointer
from serving.snapshot.changed import Wanted, write_changed
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProfileRecord, SnapshotError
from serving.snapshot.relearned import write_relearned
from serving.snapshot.writer import write_snapshot
from tests.serving import sample
from tests.serving.experiments import registry
from tests.serving.experiments.registry import ARMS, experiment, learned
from tests.serving.service_client import config, logged, running

BANDIT = experiment(kind="bandit", floor=0.0)


def table(arm: str, version: str = "t1") -> list[ArmRow]:
    """A learner that is sure of one arm: whoever is new draws it, but for the plain arm's third."""
    return registry.rows("banner", {(-1, "any"): {arm: 1.0, "plain": 0.0}}, version)


def publish(root: Path, version: str, what: Learned, **changes: Any) -> None:
    contents = sample.contents(learned=what, policies=[], **changes)
    write_snapshot(root / "snapshots", contents, version=version, as_of=sample.NOW, created_at=sample.NOW)
    pointer.switch(root / "snapshots", version)


def relearn(root: Path, before: str, version: str, rows: Iterable[ArmRow], one: Experiment = BANDIT) -> None:
    write_relearned(root / "snapshots", before, learned(one, rows=rows), version=version, created_at=sample.NOW)
    pointer.switch(root / "snapshots", version)


async def ask(client: httpx.AsyncClient, *who: str, **context: str) -> dict[str, Any]:
    identifiers = [dict(zip(("type", "value"), one.split("="), strict=True)) for one in who]
    body = {"identifiers": identifiers, "placements": ["home_hero"], "context": context}
    answer = await client.post("/v1/decide", json=body)
    assert answer.status_code == 200, answer.text
    (decision,) = answer.json()["decisions"]
    return dict(decision)


async def reloaded(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/admin/reload")).status_code == 200


def test_the_first_draw_outlives_another_table_a_login_and_a_restart(tmp_path: Path) -> None:
    publish(tmp_path, "v1", learned(BANDIT, rows=table("specials")))
    settings = config(tmp_path, overlay=tmp_path / "overlay")

    async def first() -> None:
        async with running(settings) as client:
            drawn = await ask(client, "cookie=k9")
            assert drawn["experiment"]["arm"] == "specials"
            relearn(tmp_path, "v1", "v2", table("produce", "t2"))
            await reloaded(client)
            again = await ask(client, "cookie=k9")
            assert again["snapshot_version"] == "v2"
            assert (again["action"], again["propensity"]) == ("weekly_specials", drawn["propensity"])
            assert again["experiment"]["table_version"] == "t1"
            assert again["experiment"]["unit_id"] == drawn["experiment"]["unit_id"]
            assert again["experiment"]["remembered"]
            # Logged in: another unit, the same arm, on this device and then on another.
            login = await ask(client, "cookie=k9", "loyalty_id=ann")
            assert login["experiment"]["arm"] == "specials"
            assert (await ask(client, "cookie=k8"))["experiment"]["arm"] == "produce"

    async def second() -> None:
        async with running(settings) as client:
            again = await ask(client, "cookie=k9")
            assert (again["experiment"]["arm"], again["experiment"]["table_version"]) == ("specials", "t1")
            assert again["experiment"]["remembered"]

    asyncio.run(first())
    asyncio.run(second())


def test_new_probabilities_leave_what_is_remembered_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, "v1", learned(BANDIT, rows=table("specials")))
    gone_through: list[int] = []
    reindex = Overlay.reindex

    def counted(self: Overlay, customer_of: CustomerOf, known_until_us: int) -> None:
        gone_through.append(known_until_us)
        reindex(self, customer_of, known_until_us)

    monkeypatch.setattr(Overlay, "reindex", counted)

    async def follow() -> None:
        async with running(config(tmp_path, overlay=tmp_path / "overlay")) as client:
            await ask(client, "cookie=k9")
            at_the_start = len(gone_through)
            relearn(tmp_path, "v1", "v2", table("produce", "t2"))
            await reloaded(client)
            assert (await ask(client, "cookie=k8"))["snapshot_version"] == "v2"
            assert len(gone_through) == at_the_start
            # Customers who changed within the hour may be those of other identifiers.
            changes = {"version": "v2-2", "as_of": sample.NOW, "created_at": sample.NOW}
            write_changed(tmp_path / "snapshots", "v2", Wanted([ProfileRecord("fay")], []), **changes)
            pointer.switch(tmp_path / "snapshots", "v2-2")
            await reloaded(client)
            assert len(gone_through) > at_the_start
            tomorrow = sample.NOW + timedelta(days=1)
            contents = sample.contents(learned=learned(BANDIT, rows=table("produce", "t2")), policies=[])
            write_snapshot(tmp_path / "snapshots", contents, version="v3", as_of=tomorrow, created_at=tomorrow)
            pointer.switch(tmp_path / "snapshots", "v3")
            await reloaded(client)
            # Whoever looks at the pointer first may be this reload or the service's own watch, or both at once.
            day_later = gone_through[0] + timedelta(days=1) // timedelta(microseconds=1)
            assert set(gone_through[at_the_start:]) == {gone_through[0], day_later}

    asyncio.run(follow())


def test_of_two_first_draws_the_one_that_was_seen_first_wins(tmp_path: Path) -> None:
    publish(tmp_path, "v1", learned(BANDIT, rows=table("specials")))
    clock = FixedClock(sample.NOW)
    settings = config(tmp_path, overlay=tmp_path / "overlay", clock=clock)

    async def browse() -> None:
        async with running(settings) as client:
            assert (await ask(client, "device_id=d1"))["experiment"]["arm"] == "specials"
            relearn(tmp_path, "v1", "v2", table("produce", "t2"))
            await reloaded(client)
            later = await ask(client, "cookie=k9")
            assert later["experiment"]["arm"] == "produce"
            exposure = {
                "personalization_id": later["personalization_id"],
                "placement": "home_hero",
                "action": "produce",
                "identifiers": [{"type": "cookie", "value": "k9"}],
            }
            assert (await client.post("/v1/exposures", json={"exposures": [exposure]})).status_code == 202
            both = await ask(client, "cookie=k9", "device_id=d1")
            assert both["experiment"]["arm"] == "produce"

    asyncio.run(browse())
    # A restart knows it from the log.
    settings = config(tmp_path, overlay=tmp_path / "overlay", clock=clock)

    async def again() -> None:
        async with running(settings) as client:
            assert (await ask(client, "cookie=k9", "device_id=d1"))["experiment"]["arm"] == "produce"

    asyncio.run(again())


def test_the_snapshot_remembers_for_a_device_that_was_never_seen(tmp_path: Path) -> None:
    seen = Remembered("produce", 0.25, "t0", "cookie/abc", 1, 1)
    profiles = [
        msgspec.structs.replace(profile, assigned={"banner/1": seen}) if profile.customer_id == "ann" else profile
        for profile in sample.profiles()
    ]
    with registry.live(tmp_path, learned(BANDIT, rows=table("specials")), profiles=profiles) as snapshot:
        ann = (("loyalty_id", sample.value_hash("loyalty_id", "ann")),)
        decision = registry.ask(snapshot, ann)
        enrolment = registry.part(decision)
        assert enrolment is not None
        assert (decision.action, decision.propensity) == ("produce", 0.25)
        assert (enrolment.unit_id, enrolment.table_version, enrolment.remembered) == ("cookie/abc", "t0", True)
        # The arm is stopped: she sees the plain one, and is not counted.
        paused = registry.ask(snapshot, ann, paused=["arm:banner/1/produce"])
        stuck = registry.part(paused)
        assert stuck is not None
        assert (paused.action, stuck.arm, paused.rung) == ("welcome", None, "plain")
    newer = experiment(kind="bandit", floor=0.0, version=2)
    with registry.live(tmp_path / "2", learned(newer), profiles=profiles) as snapshot:
        enrolment = registry.part(registry.ask(snapshot, ann))
        assert enrolment is not None
        assert not enrolment.remembered


def test_who_drew_an_arm_that_is_gone_sees_the_plain_one_and_draws_no_other(tmp_path: Path) -> None:
    publish(tmp_path, "v1", learned(BANDIT, rows=table("specials")))
    left = experiment(kind="bandit", floor=0.0, arms={name: arm for name, arm in ARMS.items() if name != "specials"})

    async def browse() -> None:
        async with running(config(tmp_path, overlay=tmp_path / "overlay")) as client:
            assert (await ask(client, "cookie=k9"))["experiment"]["arm"] == "specials"
            relearn(tmp_path, "v1", "v2", table("produce", "t2"), left)
            await reloaded(client)
            for _ in range(2):
                again = await ask(client, "cookie=k9")
                assert (again["action"], again["rung"], again["experiment"].get("arm")) == ("welcome", "plain", None)
                assert again["experiment"]["remembered"]
            assert (await ask(client, "cookie=k8"))["experiment"]["arm"] == "produce"
            # The arm comes back, and with it those who have it.
            relearn(tmp_path, "v2", "v3", table("produce", "t3"))
            await reloaded(client)
            assert (await ask(client, "cookie=k9"))["experiment"]["arm"] == "specials"

    asyncio.run(browse())


def test_a_visit_keeps_its_arm_and_the_next_one_draws(tmp_path: Path) -> None:
    one = experiment(kind="bandit", floor=0.0, unit="session")
    publish(tmp_path, "v1", learned(one, rows=table("specials")))

    async def browse() -> None:
        async with running(config(tmp_path, overlay=tmp_path / "overlay")) as client:
            assert (await ask(client, "cookie=k9", session_id="s6"))["experiment"]["arm"] == "specials"
            relearn(tmp_path, "v1", "v2", table("produce", "t2"), one)
            await reloaded(client)
            assert (await ask(client, "cookie=k9", session_id="s6"))["experiment"]["arm"] == "specials"
            assert (await ask(client, "cookie=k9", session_id="s2"))["experiment"]["arm"] == "produce"

    asyncio.run(browse())
    lines = logged(tmp_path, "decisions")
    assert {line["properties"]["context"]["session_id"] for line in lines} == {"s6", "s2"}
    # A decision is no event of the visit.
    assert not any("session_id" in line for line in lines)


def test_nobody_is_remembered_who_is_not_to_be_recorded(tmp_path: Path) -> None:
    publish(tmp_path, "v1", learned(experiment()))

    async def browse() -> None:
        async with running(config(tmp_path, overlay=tmp_path / "overlay")) as client:
            word = {"purpose": "analytics", "granted": False, "identifiers": [{"type": "cookie", "value": "k9"}]}
            assert (await client.post("/v1/consent", json=word)).status_code == 202
            assert "experiment" not in await ask(client, "cookie=k9", session_id="s1")

    asyncio.run(browse())
    (line,) = logged(tmp_path, "decisions")
    assert "s1" not in str(line)
    assert not {"experiment", "unit_id", "arm"} & set(line["properties"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a bandit on people, a bandit on visits, a shadow and a paused arm, some of it on newer tables."""
    root = tmp_path_factory.mktemp("shop")
    offer = {"nothing": {"action": "none", "is_plain": True}, "shipping": {"action": "free_shipping"}}
    everything = [
        experiment(kind="bandit", holdout=0.4, canary={"share": 0.3, "arms": {"produce": 1}}),
        experiment(name="visits", kind="bandit", unit="session", placement="checkout_incentive", arms=offer, layer="b"),
        experiment(name="quiet", kind="shadow", layer="c"),
    ]
    publish(root, "v1", learned(*everything, rows=table("specials")))
    paused: set[str] = set()
    clock = FixedClock(sample.NOW)

    async def run() -> None:
        settings = config(root, overlay=root / "overlay", paused_scopes=lambda: frozenset(paused), clock=clock)
        async with running(settings) as client:
            for turn in range(60):
                if turn == 30:
                    what = learned(*everything, rows=table("produce", "t2"))
                    write_relearned(root / "snapshots", "v1", what, version="v2", created_at=sample.NOW)
                    pointer.switch(root / "snapshots", "v2")
                    paused.add("arm:banner/1/specials")
                    await reloaded(client)
                who = [{"type": "cookie", "value": f"k{turn % 12}"}]
                who += [{"type": "loyalty_id", "value": "ann"}] if turn % 12 == 5 else []
                context = {"session_id": f"s{turn % 20}", "device_type": "mobile", "cart_value": 40.0}
                body = {"identifiers": who, "placements": ["home_hero", "checkout_incentive"], "context": context}
                assert (await client.post("/v1/decide", json=body)).status_code == 200

    asyncio.run(run())
    return root


def test_decisions_of_experiments_are_made_again_to_the_byte(shop: Path) -> None:
    lines = list(decision_lines(shop / "service_log"))
    seen: set[str] = set()
    for version in ("v1", "v2"):
        live = LiveSnapshot(SnapshotReader(shop / "snapshots" / version))
        own = [line for line in lines if f'"snapshot_version":"{version}"'.encode() in line]
        assert own
        assert all(replay(live, line).identical for line in own)
        live.close()
    for line in lines:
        seen |= {
            name for name in ("arm", "shadow", "remembered", "draw_u", "probabilities") if f'"{name}"'.encode() in line
        }
        seen |= {traffic for traffic in ("holdout", "canary", "live") if f'"traffic":"{traffic}"'.encode() in line}
    assert seen == {"arm", "shadow", "remembered", "draw_u", "probabilities", "holdout", "canary", "live"}


def test_they_are_made_again_also_when_their_version_has_gone(shop: Path, tmp_path: Path) -> None:
    lines = [line for line in decision_lines(shop / "service_log") if b'"snapshot_version":"v2"' in line]
    kept = keep(shop / "snapshots" / "v2", tmp_path, lines)
    assert (kept.decisions, kept.differing) == (len(lines), 0)
    live = LiveSnapshot(SnapshotReader(tmp_path / "v2"))
    assert all(replay(live, line).identical for line in lines)
    live.close()


def test_new_probabilities_come_on_the_same_profiles(shop: Path) -> None:
    first, second = (shop / "snapshots" / version / "data.mdb" for version in ("v1", "v2"))
    assert first.stat().st_ino == second.stat().st_ino
    with pytest.raises(SnapshotError, match="exists already"):
        write_relearned(shop / "snapshots", "v1", Learned(), version="v2", created_at=sample.NOW)


def test_a_file_of_experiments_that_was_touched_is_refused(tmp_path: Path) -> None:
    publish(tmp_path, "v1", learned(BANDIT))
    file = tmp_path / "snapshots" / "v1" / "experiments.json"
    file.write_bytes(file.read_bytes().replace(b'"banner"', b'"danger"'))
    with pytest.raises(SnapshotError, match=r"experiments\.json has a wrong checksum"):
        pointer.switch(tmp_path / "snapshots", "v1")


def test_draws_of_long_ago_are_left_to_the_snapshot(tmp_path: Path) -> None:
    """Two days after a draw the batch has it; what it did not see was never shown."""
    publish(tmp_path, "v1", learned(BANDIT, rows=table("specials")))
    settings = config(tmp_path, overlay=tmp_path / "overlay")

    async def browse() -> None:
        async with running(settings) as client:
            await ask(client, "cookie=k9")
            what = learned(BANDIT, rows=table("produce", "t2"))
            later = sample.NOW + timedelta(days=3)
            contents = sample.contents(learned=what, policies=[])
            write_snapshot(tmp_path / "snapshots", contents, version="v2", as_of=later, created_at=later)
            pointer.switch(tmp_path / "snapshots", "v2")
            await reloaded(client)
            assert (await ask(client, "cookie=k9"))["experiment"]["arm"] == "produce"

    asyncio.run(browse())
