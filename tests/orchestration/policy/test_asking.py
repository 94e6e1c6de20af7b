"""Who asks in a preview."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.policy.asking import AskingError, typical
from serving.content import load_content
from serving.edited import edited
from serving.snapshot.records import FeatureValue
from tests.serving import sample


def test_a_segment_is_found_by_its_name_without_asking_the_tables_for_anybody(tmp_path: Path) -> None:
    def more(customer_id: str) -> Mapping[str, FeatureValue]:
        raise AssertionError(f"the published tables were asked for {customer_id}")

    with closing(edited(sample.write(tmp_path), load_content(sample.CONFIG), more)) as live:
        assert typical(live, "Pantry").profile.segment_id == 1
        with pytest.raises(AskingError, match="'3' is unknown; allowed: 0, 1, Fresh, Pantry, Rare"):
            typical(live, "3")
