"""Regimes by place: the narrower place wins, what is left out is asked for, and mistakes are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from intake.config_file import ConfigFileError
from intake.paths import repository_root
from intake.purposes import PURPOSES
from intake.regime import ConsentRules, RegimeRow, consent_schema, load_consent_rules

RULES = """
default: {analytics: opt_out}
groups:
  EEA: [DE, NO, Deutschland]
regions:
  EEA: opt_in
  DE: {marketing_post: opt_out}
  US: {analytics: opt_out, marketing_email: opt_out}
  US-CA: {analytics: opt_in}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "consent.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("purpose", "country", "region", "regime"),
    [
        ("analytics", None, None, "opt_out"),
        ("analytics", "FR", "", "opt_out"),
        ("personalization", None, None, "opt_in"),
        ("analytics", " de ", None, "opt_in"),
        ("analytics", "Deutschland", "Hessen", "opt_in"),
        ("analytics", "NO", None, "opt_in"),
        ("marketing_post", "DE", "HE", "opt_out"),
        ("marketing_email", "US", "CA", "opt_out"),
        ("analytics", "us", "ca", "opt_in"),
        ("analytics", "US", "US-CA", "opt_in"),
        ("analytics", "US", "TX", "opt_out"),
        ("marketing_sms", "US", "TX", "opt_in"),
        ("analytics", "", "CA", "opt_out"),
    ],
)
def test_the_narrowest_place_that_speaks_decides(
    tmp_path: Path, purpose: str, country: str | None, region: str | None, regime: str
) -> None:
    assert load_consent_rules(written(tmp_path, RULES)).regime(purpose, country, region) == regime


def test_without_a_file_analysis_is_opt_out_and_contact_opt_in(tmp_path: Path) -> None:
    rules = load_consent_rules(tmp_path)
    found = {purpose: rules.regime(purpose, "US", None) for purpose in PURPOSES}
    assert [name for name, regime in found.items() if regime == "opt_out"] == ["analytics", "personalization"]
    assert not rules.asks_first("analytics")
    assert rules.asks_first("marketing_sms")


def test_rows_say_every_place_and_what_holds_elsewhere(tmp_path: Path) -> None:
    rules = load_consent_rules(written(tmp_path, RULES))
    rows = list(rules.rows())
    assert RegimeRow("", "", "marketing_ads", "opt_in") in rows
    assert RegimeRow("US", "CA", "analytics", "opt_in") in rows
    assert all(rules.regime(row.purpose, row.country, row.region) == row.regime for row in rows)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default: {analytics: maybe}", r"default\.analytics: Input should be 'opt_in' or 'opt_out' \(got 'maybe'\)"),
        ("default: {fun: opt_in}", r"default\.fun.*: Input should be 'analytics', .* \(got 'fun'\)"),
        ("regions: {DE: sometimes}", r"regions\.DE\.analytics: Input should be .* \(got 'sometimes'\)"),
        ("region: {DE: opt_in}", r"region: Extra inputs are not permitted"),
        ("groups: {A: [DE], B: [DE]}\nregions: {A: opt_in, B: opt_in}", r"groups\.B: 'DE' is in A too"),
        ("default: [", "not readable as YAML"),
    ],
)
def test_a_mistake_is_told_with_file_field_and_value(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigFileError, match=rf"consent\.yml: .*{message}"):
        load_consent_rules(written(tmp_path, text))


def test_the_published_schema_and_the_shipped_files_are_those_of_the_model() -> None:
    root = repository_root()
    assert (root / "config" / "schemas" / "consent.schema.json").read_text(encoding="utf-8") == consent_schema()
    folders = (root / "config", root / "orchestration" / "cli" / "template" / "config")
    for folder in folders:
        text = (folder / "consent.yml").read_text(encoding="utf-8")
        content: dict[str, Any] = yaml.safe_load(text)
        assert ConsentRules.model_validate(content) == load_consent_rules(folder)
        assert all(f"{purpose}:" in text for purpose in PURPOSES)
    assert json.loads(consent_schema())["additionalProperties"] is False


def test_the_demo_asks_nobody_in_the_united_states_before_counting() -> None:
    rules = load_consent_rules(repository_root() / "config")
    assert {rules.regime(name, "US", "OH") for name in ("analytics", "personalization")} == {"opt_out"}
