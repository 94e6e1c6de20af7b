"""Questions to a real service process."""

from __future__ import annotations

import json
from collections import Counter

import httpx
import pytest

from intake.project import Project
from orchestration.demo.asking import Answers, ask
from orchestration.demo.questions import Acquaintance, draw_questions
from orchestration.demo.service import ServiceNotReadyError, running_service


def _logged(project: Project, kind: str) -> list[dict[str, object]]:
    lines = [
        line for file in (project.paths.service_log / kind).glob("*") for line in file.read_text().splitlines() if line
    ]
    return [json.loads(line[line.index("{") :]) for line in lines]


def test_every_question_is_answered_counted_and_on_disk_afterwards(served: Project, people: list[Acquaintance]) -> None:
    questions = draw_questions(people, ["p1", "p2", "p3"], number=120, seed=1)
    with running_service(served.paths.root / "service.out") as url:
        answers = ask(url, questions)
    assert len(answers.milliseconds) == answers.by_rung.total() == answers.by_action.total() == 120
    assert answers.versions == {"v1": 120}
    assert 0 < answers.percentile(0.5) <= answers.percentile(0.99)
    refused = sum(question.who == "refused" for question in questions)
    assert answers.by_who["refused", "no_consent"] == refused > 0
    assert answers.by_who["known", "no_consent"] == 0
    assert Counter(placement for placement, _ in answers.by_action.elements()) == Counter(
        question.placement for question in questions
    )
    letters = sum(question.placement == "weekly_email_offer" for question in questions)
    assert answers.exposures == 45
    assert len(_logged(served, "exposures")) == answers.exposures + letters
    assert answers.events == len(_logged(served, "events")) == 12
    assert len(_logged(served, "decisions")) == 120
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/healthz", timeout=1.0)


def test_a_service_that_cannot_start_says_why(served: Project) -> None:
    (served.config / "event_types.yml").unlink()
    with pytest.raises(ServiceNotReadyError, match="event_types"), running_service(served.paths.root / "out"):
        pytest.fail("it must not become ready")


def test_percentiles_are_those_of_the_latencies() -> None:
    answers = Answers(milliseconds=[float(n) for n in range(101)])
    assert (answers.percentile(0.5), answers.percentile(0.99)) == (50.0, 99.0)
    assert Answers().percentile(0.5) == 0.0
