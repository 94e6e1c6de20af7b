"""What is written down of a decision stands in the order of the alphabet, whatever it rests on."""

from __future__ import annotations

import json

import msgspec
import pytest

from intake.log_line import payload
from serving.click_evidence import ClickEvidence
from serving.experiments.enrolment import Enrolment
from serving.lines import decision_line
from serving.question import Blocked, Context, Decision
from serving.replay.inputs import Inputs
from serving.rungs import Rung
from serving.segments_used import SegmentsUsed
from tests.serving import sample

PLAIN = Decision("hero", "a", {}, "Why.", 0.5, Rung.SEGMENT, "v1", "0" * 32, None, ["a"], [Blocked("b", "No.")])
PART = Enrolment(
    experiment="e", version=2, traffic="live", unit_type="person", unit_id="u", arm="x", probabilities={"x": 1.0},
    table_version="t", draw_u=0.25, remembered=True,
)  # fmt: skip
FULL = msgspec.structs.replace(
    PLAIN, missing_purpose="analytics", conditional_propensity=0.25, experiment=PART, shadow={"s/1": "y"},
    expected_gain=1.5, segments=SegmentsUsed(["z"]), clicks=ClickEvidence("fit", "0"),
    content={"items": [{"product_id": "p1"}]},
)  # fmt: skip
ALWAYS = 10


@pytest.mark.parametrize(("decision", "more"), [(PLAIN, 0), (FULL, 20)])
def test_members_of_a_line_are_sorted(decision: Decision, more: int) -> None:
    visit = {"moment_score": 0.5} if more else None
    inputs = Inputs("digest", "code") if more else None
    context = Context(channel="web", device_type="mobile", page_type="home", product_id="p1")
    line = json.loads(payload(decision_line(decision, [("cookie", "h")], context, sample.NOW, visit, inputs)))
    assert list(line) == sorted(line)
    said = line["properties"]
    assert list(said) == sorted(said)
    assert len(said) == ALWAYS + more
    assert said["segment_id"] is None
