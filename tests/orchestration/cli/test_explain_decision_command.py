"""`concierge explain-decision` reads the service's log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from typer.testing import Result

from intake.project import Project
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, running

Concierge = Callable[..., Result]


def test_a_decision_is_said_in_a_sentence(project: Project, concierge: Concierge) -> None:
    sample.write(project.paths.snapshots, "v1")
    pointer.switch(project.paths.snapshots, "v1")
    names: list[str] = []

    async def run() -> None:
        async with running(config(project.paths.root)) as client:
            body = {"identifiers": [{"type": "loyalty_id", "value": "cleo"}], "placements": ["home_hero"]}
            answer = (await client.post("/v1/decide", json=body)).json()
            names.append(answer["decisions"][0]["personalization_id"])

    asyncio.run(run())
    said = concierge("explain-decision", names[0])
    assert said.exit_code == 0, said.output
    shown = " ".join(said.output.split())
    assert "(not agreed to: personalization)" in shown
    assert json.loads(concierge("explain-decision", names[0], "--json").output)["rung"] == "no_consent"


def test_a_wrong_or_unknown_id_is_named(project: Project, concierge: Concierge) -> None:
    assert concierge("explain-decision", "nonsense").exit_code == 2
    unknown = concierge("explain-decision", "0" * 32)
    assert unknown.exit_code == 1
    assert "no such decision on record" in unknown.output
