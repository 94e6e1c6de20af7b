"""Keys: what is written down of them, who may do what with them, and how they come and go while a service runs."""

from __future__ import annotations

import hashlib
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from serving.access.key import SCOPES, KeyFault
from serving.access.key_file import KeyFile
from serving.access.origin import may_call
from serving.access.ring import KeyRing, given_browser_key, given_key

NOW = datetime(2018, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_key_is_kept_as_digest_alone(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys")
    key, secret = keys.create("shop", ["decide", "read"], NOW)
    content = keys.path.read_text()
    assert secret not in content
    assert secret.split("_", 2)[2] not in content
    assert msgspec.json.decode(content)[0]["digest"] == hashlib.sha256(secret.encode()).hexdigest()
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert key.scopes == ["read", "decide"]


@pytest.mark.parametrize(
    ("name", "scopes", "more", "message"),
    [
        ("Shop", ["read"], {}, "name: 'Shop'"),
        ("", ["read"], {}, "name: ''"),
        ("shop", [], {}, "scope: none given; give at least one of read, ingest, decide, admin"),
        ("shop", ["root"], {}, "scope: 'root' is not allowed"),
        ("web", ["admin"], {"browser": True, "origins": ["*"]}, "scope: 'admin' is not allowed for a browser's key"),
        ("web", [], {"browser": True}, "origin: a browser's key needs at least one"),
        ("web", [], {"browser": True, "origins": ["shop.example"]}, "'shop.example' is no origin"),
        ("shop", ["read"], {"origins": ["*"]}, "add --browser"),
        ("shop", ["read"], {"per_second": 0.0}, "per-second: 0 must lie between 0.01 and 1e\\+06"),
        ("shop", ["read"], {"burst": 0}, "burst: 0 must lie between 1 and 1e\\+06"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_refused_with_its_field(
    tmp_path: Path, name: str, scopes: list[str], more: dict[str, object], message: str
) -> None:
    with pytest.raises(KeyFault, match=message):
        KeyFile(tmp_path).create(name, scopes, NOW, **more)  # type: ignore[arg-type]
    assert not KeyFile(tmp_path).path.exists()


def ring_of(keys: KeyFile, now: datetime = NOW) -> KeyRing:
    ring = KeyRing([], keys)
    ring.follow(now)
    return ring


def test_rotation_lets_the_old_key_go_on_for_a_while_and_revoking_ends_both(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    first, old = keys.create("shop", ["decide"], NOW)
    second, new = keys.rotate("shop", NOW, DAY)
    assert second.slot == first.slot
    for at, accepted in ((NOW, {old, new}), (NOW + DAY, {new})):
        ring = ring_of(keys, at)
        assert {secret for secret in (old, new) if ring.key_of(secret.encode())} == accepted
    assert keys.revoke("shop", NOW) == 2
    assert not any(ring_of(keys).key_of(secret.encode()) for secret in (old, new))
    with pytest.raises(KeyFault, match="name: 'shop' is no key in force; in force: none"):
        keys.rotate("shop", NOW, DAY)
    assert [key.state(NOW) for key in keys.every()] == ["revoked", "revoked"]
    keys.create("shop", ["read"], NOW)


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    keys.create("shop", ["read"], NOW)
    with pytest.raises(KeyFault, match="name: 'shop' is taken"):
        keys.create("shop", ["read"], NOW)


def make(folder: Path, number: int) -> None:
    for turn in range(5):
        KeyFile(folder).create(f"k{number}-{turn}", ["read"], NOW)


def test_keys_made_at_once_are_all_there_each_in_a_place_of_its_own(tmp_path: Path) -> None:
    makers = [multiprocessing.get_context("fork").Process(target=make, args=(tmp_path, n)) for n in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    keys = KeyFile(tmp_path).every()
    assert len({key.name for key in keys}) == len({key.slot for key in keys}) == 20


def test_the_door_is_open_until_a_key_was_made_and_never_again(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    ring = ring_of(keys)
    assert ring.is_open
    _, secret = keys.create("shop", ["read"], NOW)
    ring.follow(NOW)
    assert not ring.is_open
    assert ring.key_of(secret.encode())
    keys.path.write_text("{")
    ring.follow(NOW)
    assert ring.key_of(secret.encode())
    keys.path.unlink()
    ring.follow(NOW)
    assert ring.key_of(secret.encode())
    assert not ring.is_open


def test_a_file_that_cannot_be_read_opens_nothing(tmp_path: Path) -> None:
    KeyFile(tmp_path).path.write_text("what")
    assert not ring_of(KeyFile(tmp_path)).is_open
    with pytest.raises(KeyFault, match="cannot be read as keys"):
        KeyFile(tmp_path).create("shop", ["read"], NOW)


def test_keys_of_the_environment_stand_beside_those_of_the_file(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    _, secret = keys.create("shop", ["read"], NOW)
    web = given_browser_key("WEB", "public-browser-key", 1, ["https://shop.example"])
    ring = KeyRing([given_key("KEY", "a-long-enough-api-key", 0), web], keys)
    ring.follow(NOW)
    given = ring.key_of(b"a-long-enough-api-key")
    assert given is not None
    assert given.scopes == list(SCOPES)
    assert ring.key_of(secret.encode())
    assert ring.origins == {"https://shop.example"}
    assert KeyRing([web], None).is_open


@pytest.mark.parametrize(
    ("origin", "origins", "allowed"),
    [
        ("https://a", ["https://a"], True), ("https://b", ["https://a"], False), (None, ["https://a"], False),
        (None, [], True), ("https://a", [], False), (None, ["*"], True), ("https://z", ["*"], True),
    ],
)  # fmt: skip
def test_origins(origin: str | None, origins: list[str], allowed: bool) -> None:
    assert may_call(origin, origins) is allowed
