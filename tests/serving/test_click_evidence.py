"""The gallery begins with what draws clicks, says so, and is as usual where nothing is beyond noise."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from intake.log_line import payload
from serving.click_evidence import ClickDrivers, ClickEvidence
from serving.decide import decide_for
from serving.explanation import record_of
from serving.lines import decision_line
from serving.live import LiveSnapshot
from serving.person import find_person
from serving.question import Context, Decision, Question
from serving.replay.again import replay
from serving.replay.inputs import inputs_of
from serving.snapshot.reader import SnapshotReader
from tests.serving import sample

DRIVERS = ClickDrivers({"everybody": "brand", "0": "fit"})
GALLERY = "product_gallery"


def asked(live: LiveSnapshot, who: str, placement: str = GALLERY, **context: Any) -> tuple[Decision, bytes]:
    pairs = (("loyalty_id", sample.value_hash("loyalty_id", who)),) if who else ()
    question, moment, person = Question(placement, pairs), Context(**context), find_person(live.reader, pairs)
    found = decide_for(live, person, question, moment, sample.NOW)
    return found, decision_line(found, pairs, moment, sample.NOW, None, inputs_of(found, question, person, person))


@pytest.mark.parametrize(
    ("who", "action", "evidence"),
    [
        ("ann", "worn_first", ClickEvidence("fit", "0")),
        # A segment without evidence of its own, and a stranger: what holds for everybody.
        ("bob", "package_first", ClickEvidence("brand", "everybody")),
        ("", "package_first", ClickEvidence("brand", "everybody")),
    ],
)
def test_what_leads_comes_first_and_is_told(tmp_path: Path, who: str, action: str, evidence: ClickEvidence) -> None:
    with closing(LiveSnapshot(SnapshotReader(sample.write(tmp_path, click_drivers=DRIVERS)))) as live:
        found, line = asked(live, who)
        assert (found.action, found.rung, found.clicks) == (action, "rule", evidence)
        told = record_of(msgspec.json.decode(payload(line)), [])
        whose = "everybody" if evidence.of == "everybody" else "segment 0"
        assert f"{evidence.attribute} moves the clicks of {whose} most" in told.explanation
        assert f"Shoppers look first at {'how such things fit' if who == 'ann' else 'the brand'}" in told.reason
        assert replay(live, line).identical
        # What the visitor does goes before what others do, and other placements ask for none of it.
        assert asked(live, who, lingers_on="detail")[0].action == "details_first"
        assert asked(live, who, "home_hero")[0].clicks is msgspec.UNSET


def test_without_evidence_or_consent_the_order_is_the_usual_one(tmp_path: Path) -> None:
    weak = ClickDrivers({"1": "price_band"})
    with closing(LiveSnapshot(SnapshotReader(sample.write(tmp_path, click_drivers=weak)))) as live:
        for who in ("ann", "bob", ""):
            assert asked(live, who)[0].action == "usual_order"
    with closing(LiveSnapshot(SnapshotReader(sample.write(tmp_path, "v2", click_drivers=DRIVERS)))) as live:
        refused = asked(live, "cleo")[0]
        assert (refused.action, refused.clicks) == ("usual_order", msgspec.UNSET)
