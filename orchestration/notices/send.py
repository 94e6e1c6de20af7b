"""Sends digests: one message a receiver and interval, written down before and after, so that a crash loses none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from filelock import FileLock

from intake.ops_digests import Digest
from intake.ops_store import OpsStore
from intake.project import Project
from intake.settings_quality import NotifyTarget
from orchestration.notices.address import AddressError, address
from orchestration.notices.deliver import Send, deliver, is_understood
from orchestration.notices.digest import body, new_alerts


@dataclass(frozen=True)
class Notice:
    """What became of one receiver: `state` is `sent`, `failed`, `waits`, `nothing new` or `would send`."""

    receiver: str
    state: str
    said: str = ""

    @property
    def failed(self) -> bool:
        """Whether something could not be delivered; it is tried again with the next run."""
        return self.state == "failed"


def notify(project: Project, *, dry_run: bool = False, send: Send | None = None) -> list[Notice]:
    """Tell every receiver of the settings what is new; with `dry_run` nothing is sent and nothing is noted."""
    targets = project.settings.alerts.notify
    if not targets:
        return []
    store = OpsStore(project.paths)
    if dry_run:
        return [_draft(project, store, target) for target in targets]
    # Two at once would send the same alert twice.
    with FileLock(project.paths.root / "notify.lock"):
        return [_tell(project, store, target, send or deliver) for target in targets]


def _draft(project: Project, store: OpsStore, target: NotifyTarget) -> Notice:
    found = new_alerts(store, target, project.clock.now())
    unsent = [digest.body for digest in store.unsent_digests(target.name)]
    texts = [*unsent, *([body(project.settings.project, found)] if found else [])]
    try:
        _usable(target, texts)
    except AddressError as error:
        return Notice(target.name, "failed", str(error))
    return Notice(target.name, "would send" if texts else "nothing new", "\n\n".join(texts))


def _tell(project: Project, store: OpsStore, target: NotifyTarget, send: Send) -> Notice:
    late, now = store.unsent_digests(target.name), project.clock.now()
    found = new_alerts(store, target, now)
    try:
        to = _usable(target, [*late, *found])
    except AddressError as error:
        return Notice(target.name, "failed", str(error))
    for digest in late:
        if not _deliver(project, store, digest, to, send):
            return Notice(target.name, "failed", f"message {digest.digest_id} was not taken; it is tried again")
    if not found:
        return Notice(target.name, "sent", "what was not taken before") if late else Notice(target.name, "nothing new")
    last = store.last_digest_at(target.name)
    pause = timedelta(minutes=project.settings.alerts.digest_minutes)
    if last is not None and last <= now < last + pause:
        return Notice(target.name, "waits", f"{len(found)} new alerts until {last + pause:%Y-%m-%d %H:%M} UTC")
    text = body(project.settings.project, found)
    digest = store.make_digest(target.name, [alert.alert_id for alert in found], text, at=now)
    if not _deliver(project, store, digest, to, send):
        return Notice(target.name, "failed", f"message {digest.digest_id} was not taken; it is tried again")
    return Notice(target.name, "sent", f"{len(found)} new alerts")


def _usable(target: NotifyTarget, waiting: Sequence[object]) -> str:
    """The receiver's address; while nothing waits for it Apprise, slow to import, is not asked what it thinks of it.

    Raises:
        AddressError: there is none, or none that a message can be sent to.
    """
    to = address(target)
    if waiting and not is_understood(to):
        raise AddressError(f"{target.name}: its address is none that Apprise knows")
    return to


def _deliver(project: Project, store: OpsStore, digest: Digest, to: str, send: Send) -> bool:
    title, _, rest = digest.body.partition("\n")
    # Only a crash between the receiver's answer and our note repeats a message; its number tells so.
    again = " (may have come before)" if digest.attempts else ""
    store.begin_delivery(digest.digest_id, at=project.clock.now())
    try:
        taken = send(to, title, f"{rest.strip()}\nmessage {digest.digest_id}{again}")
    except Exception:  # noqa: BLE001 - whatever a receiver does, its error may hold the address
        taken = False
    if taken:
        store.confirm_delivery(digest.digest_id, at=project.clock.now())
    return taken
