"""Nothing sensitive decides: refused as model feature, segment criterion, policy input and placement tag, by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from intake.paths import repository_root
from intake.sensitive import SensitiveUseError
from ml.segments import SEGMENT_COLUMNS
from orchestration.model_features import model_features, refuse_sensitive
from serving.placement_files import load_placements
from serving.policy import load_policies
from serving.yaml_file import ConfigError


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped configuration, with a contract that tags one more attribute."""
    folder = tmp_path / "config"
    shutil.copytree(repository_root() / "config", folder)
    (folder / "sources" / "own.yml").write_text("name: own\nsensitive: [faith]\n", encoding="utf-8")
    monkeypatch.setenv("CONCIERGE_CONFIG", str(folder))
    return folder


def manifest(folder: Path, *names: str) -> Path:
    columns = {name: {"name": name, "config": {"meta": {"feature": {"model": True}}}} for name in names}
    file = folder / "manifest.json"
    file.write_text(json.dumps({"nodes": {"x": {"name": "customer_features", "columns": columns}}}), encoding="utf-8")
    return file


@pytest.mark.parametrize("name", ["age", "income_band", "faith"])
def test_no_model_reads_a_sensitive_attribute(config: Path, name: str) -> None:
    assert model_features(manifest(config, "orders_30d")) == ["orders_30d"]
    with pytest.raises(
        SensitiveUseError, match=rf"features\.yml: customer_features\.columns: '{name}'.* no model may use"
    ):
        model_features(manifest(config, "orders_30d", name))


def test_no_segment_is_cut_by_a_sensitive_attribute(config: Path) -> None:
    refuse_sensitive(SEGMENT_COLUMNS, "SEGMENT_COLUMNS", "segment")
    with pytest.raises(SensitiveUseError, match="SEGMENT_COLUMNS: 'gender' is a sensitive attribute, which no segment"):
        refuse_sensitive((*SEGMENT_COLUMNS, "gender"), "SEGMENT_COLUMNS", "segment")


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("age > 30", "names the sensitive attribute 'age', which no decision may use"),
        ("known_customer_gender", "names the sensitive attribute 'gender'"),
        ("faith == 'x'", "names the sensitive attribute 'faith'"),
        ("top_category == 'RX'", "taste for the sensitive category 'RX', which no decision may use"),
    ],
)
def test_no_policy_asks_for_it(config: Path, when: str, message: str) -> None:
    file = config / "policies" / "stock.yml"
    text = file.read_text(encoding="utf-8")
    rule = text[text.index("when:") :].splitlines()[0]
    file.write_text(text.replace(rule, f"when: {json.dumps(when)}", 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"stock\.yml:\d+: rules\.0\.when: .*{message}"):
        load_policies(config / "policies")


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ("{category: RX}", "tags.category: 'RX' is a sensitive category, which no placement may choose by"),
        ("{gender: f}", "tags.gender: 'gender' is a sensitive attribute"),
    ],
)
def test_no_placement_chooses_by_it(config: Path, tags: str, message: str) -> None:
    file = config / "placements" / "home_hero.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("{category: PRODUCE}", tags), encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"home_hero\.yml:\d+: actions\.\d\.{message}"):
        load_placements(config / "placements")
