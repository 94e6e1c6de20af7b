"""One erasure from request to proof; whoever dies on the way is followed by one who finishes it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from intake.ops_erasure import ErasureRequest
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.erasure import lake_store, log_store, vault_store, words_survey
from orchestration.erasure.overlay_store import is_in_use
from orchestration.erasure.proof import Proof, write_proof
from orchestration.erasure.resolve import given_identifiers, resolve
from orchestration.erasure.scan import Scanner
from orchestration.erasure.scope import Scope, folder_of, seal, unlink_sealed, unseal
from orchestration.erasure.stores import STORES, Store
from orchestration.locks import quiet
from orchestration.scheduled_runs import require_no_scheduled_run

OnStep = Callable[[str, int | None], None]
"""Called with a store's name and None when it begins, with what was removed when it is done; likewise for the scan."""
# A service looks twice a second for a new snapshot, and what it still noted by the old one is in its log by then.
SETTLING_SECONDS = 3.0


class NothingToEraseError(ValueError):
    """Everything that was given is shared with others."""


class ErasureNotProvedError(RuntimeError):
    """The scan still found something; the proof says where."""


@dataclass(frozen=True)
class Plan:
    """What an erasure would do: how many identifiers and events, by store and kind."""

    people: int
    identifiers: dict[str, int]
    shared: int
    customer_ids: int
    lake_events: int
    lake_files: int
    notes: tuple[str, ...]


def plan(project: Project, pairs: Sequence[tuple[str, str]]) -> Plan:
    """Look without changing anything.

    Raises:
        NobodyNamedError: a value that can be no identifier.
        NothingToEraseError: everything given is shared with others.
    """
    with quiet(project.paths):
        scope = _scope(project, pairs)
        files = lake_store.survey(project, scope)
    kinds: dict[str, int] = {}
    for kind in scope.hashes.values():
        kinds[kind] = kinds.get(kind, 0) + 1
    return Plan(
        scope.people,
        dict(sorted(kinds.items())),
        len(scope.shared),
        len(scope.customer_ids),
        len(scope.event_ids),
        len(files),
        tuple(scope.notes),
    )


def erase(project: Project, pairs: Sequence[tuple[str, str]], actor: str, on_step: OnStep | None = None) -> list[Proof]:
    """Finish what was begun, then erase these people in one pass; one proof a request.

    Raises:
        NobodyNamedError: a value that can be no identifier; nothing was begun.
        NothingToEraseError: everything given is shared with others; nothing was begun.
        ErasureNotProvedError: the scan still found something.
        RunInProgressError, ArchiveError: a run or an intake does not end.
    """
    given = given_identifiers(project, pairs)
    with quiet(project.paths):
        require_no_scheduled_run(project.paths)
        proofs = _finish(project, on_step)
        if given:
            request = _begin(project, pairs, actor)
            proofs.append(_carry_out(project, request, on_step))
    return proofs


def finish(project: Project, on_step: OnStep | None = None) -> list[Proof]:
    """Finish requests that were interrupted; none when there is nothing to finish."""
    return erase(project, [], "", on_step)


def _finish(project: Project, on_step: OnStep | None) -> list[Proof]:
    ops = OpsStore(project.paths)
    known = {request.request_id for request in ops.erasures()}
    for folder in folder_of(project.paths, "").glob("*"):
        if folder.is_dir() and folder.name not in known:
            unlink_sealed(project.paths, folder.name)  # Killed before the request stood: nothing was begun.
            folder.rmdir()
    proofs = []
    for request in ops.erasures("open"):
        if not request.steps:
            _look_again(project, request.request_id)
        proofs.append(_carry_out(project, request, on_step))
    return proofs


def _look_again(project: Project, request_id: str) -> None:
    """Files have other names since an attempt that was not proved, and a newer program looks in more places."""
    scope = unseal(project.paths, request_id)
    if scope is not None:
        words_survey.survey(project, scope)
        scope.notes = list(dict.fromkeys(scope.notes))
        seal(project.paths, scope)


def _begin(project: Project, pairs: Sequence[tuple[str, str]], actor: str) -> ErasureRequest:
    """From the moment the request stands, nobody of them comes in again and nothing is published."""
    scope = _scope(project, pairs)
    survey(project, scope)
    seal(project.paths, scope)
    request = ErasureRequest(scope.request_id, scope.at, actor, scope.people)
    OpsStore(project.paths).open_erasure(request, scope.tombstones(project.paths))
    return request


def _scope(project: Project, pairs: Sequence[tuple[str, str]]) -> Scope:
    now = project.clock.now()
    request_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    given = given_identifiers(project, pairs)
    scope = resolve(project, given, Scope(request_id, now, len(given)))
    if not scope.hashes:
        raise NothingToEraseError("; ".join(scope.notes) or "no identifier was given")
    return scope


def survey(project: Project, scope: Scope) -> None:
    """Everything that has to be known before the first store changes."""
    lake_store.survey(project, scope)
    log_store.survey(project, scope)
    vault_store.survey(project, scope)
    words_survey.survey(project, scope)


def _carry_out(project: Project, request: ErasureRequest, on_step: OnStep | None) -> Proof:
    ops, scope = OpsStore(project.paths), unseal(project.paths, request.request_id)
    if scope is None:
        raise ErasureNotProvedError(
            f"erasure {request.request_id}: its sealed scope is missing; erase the same people again"
        )
    removed: dict[str, int] = {}
    for store in STORES:
        if store.erase is not None and store.name not in request.steps:
            _announce(on_step, store.name, None)
            removed[store.name] = store.erase(project, scope)
            request = replace(request, steps=(*request.steps, store.name))
            ops.erasure_step(request.request_id, request.steps)
            _announce(on_step, store.name, removed[store.name])
    return _prove(project, request, scope, removed, on_step)


def _last_words(project: Project, scope: Scope) -> dict[str, int]:
    """Take out what a running service noted while it still answered from the old snapshot; where its log ends now."""
    if is_in_use(project):
        time.sleep(SETTLING_SECONDS)
    ends = log_store.ends(project)
    log_store.erase(project, scope)
    return ends


def _announce(on_step: OnStep | None, name: str, done: int | None) -> None:
    if on_step is not None:
        on_step(name, done)


def _prove(
    project: Project, request: ErasureRequest, scope: Scope, removed: dict[str, int], on_step: OnStep | None
) -> Proof:
    _announce(on_step, "scan", None)
    scan = Scanner(project, scope, _last_words(project, scope)).scan()
    _announce(on_step, "scan", scan.files)
    stones = sorted({stone.token for stone in scope.tombstones(project.paths) if stone.kind == "person"})
    proof = Proof(
        request.request_id,
        request.requested_at.isoformat(timespec="seconds"),
        project.clock.now().isoformat(timespec="seconds"),
        request.actor,
        request.people,
        stones,
        {name: removed.get(name, 0) for name in map(_name, STORES) if name in request.steps},
        scan.files,
        scan.size,
        [asdict(found) for found in scan.found],
        scan.foreign,
        scope.notes,
    )
    text = write_proof(project.paths, proof)
    if not proof.holds:
        # The next attempt goes through every store again.
        OpsStore(project.paths).erasure_step(request.request_id, [])
        first = proof.found[0]
        raise ErasureNotProvedError(
            f"erasure {request.request_id}: {first['path']} still names them ({first['what']});"
            f" {len(proof.found)} places, listed in {text}; remove the cause and run: concierge erase --resume"
        )
    OpsStore(project.paths).close_erasure(request.request_id, project.clock.now())
    unlink_sealed(project.paths, request.request_id)
    return proof


def _name(store: Store) -> str:
    return store.name
