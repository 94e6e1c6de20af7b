"""`concierge history`: what one person was shown, and nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial

from typer.testing import Result

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.ops_store import OpsStore
from intake.project import Project
from serving.snapshot import pointer
from tests.orchestration.cli.conftest import concierge, project
from tests.serving import sample
from tests.serving.service_client import config, running

Concierge = Callable[..., Result]
__all__ = ["concierge", "project"]


def browse(project: Project) -> None:
    """Two people ask, one of them twice; one of her answers is seen."""
    sample.write(project.paths.snapshots, "v1")
    pointer.switch(project.paths.snapshots, "v1")
    hashing = partial(hash_identifier, identifier_key_bytes(project.paths))

    async def run() -> None:
        async with running(config(project.paths.root, hash_identifier=hashing)) as client:
            for who, placement in (("zoe", "home_hero"), ("zoe", "checkout_incentive"), ("max", "home_hero")):
                named = [{"type": "login", "value": who}]
                body = {"identifiers": named, "placements": [placement]}
                answer = (await client.post("/v1/decide", json=body)).json()["decisions"][0]
                if (who, placement) == ("zoe", "checkout_incentive"):
                    shown = {"personalization_id": answer["personalization_id"], "identifiers": named}
                    assert (await client.post("/v1/exposures", json={"exposures": [shown]})).status_code == 202

    asyncio.run(run())


def test_a_person_is_told_what_was_shown_to_them_and_nothing_else(project: Project, concierge: Concierge) -> None:
    browse(project)
    records = [json.loads(line) for line in concierge("history", "login", "zoe", "--json").output.splitlines()]
    assert {record["placement"] for record in records} == {"home_hero", "checkout_incentive"}
    assert {r["placement"] for r in records if r["shown_at"]} == {"checkout_incentive"}
    told = concierge("history", "login", "zoe").output
    assert "2 decisions" in told
    assert "zoe" not in told
    assert "1 decisions" in concierge("history", "login", "max").output
    assert "0 decisions" in concierge("history", "login", "nobody").output


def test_dates_bound_it(project: Project, concierge: Concierge) -> None:
    browse(project)
    day = f"{sample.NOW:%Y-%m-%d}"
    assert "2 decisions" in concierge("history", "login", "zoe", "--from", day).output
    assert "0 decisions" in concierge("history", "login", "zoe", "--to", day).output
    assert concierge("history", "login", "zoe", "--from", "yesterday").exit_code == 2


def test_who_looked_is_noted(project: Project, concierge: Concierge) -> None:
    browse(project)
    concierge("history", "login", "zoe")
    (access,) = OpsStore(project.paths).rows("select actor, detail from subject_access")
    assert json.loads(access["detail"]) == {"history": 2}
    assert access["actor"]
