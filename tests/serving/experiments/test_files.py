"""Mistakes as people make them in files of experiments, and the words that mend each."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.content import load_content
from serving.experiments.definition import Experiment
from serving.experiments.files import load_experiments
from serving.experiments.metrics import METRIC_NAMES
from serving.placement import Placement
from serving.placement_files import load_placements
from serving.yaml_file import ConfigError
from tests.serving import sample

HERO, GALLERY = "hero_specials.yml", "gallery_order.yml"
PLAIN = "welcome: {action: welcome, is_plain: true}"
# file, what stands there, what somebody wrote instead, what they are told
MISTAKES = [
    (HERO, PLAIN, "welcome: {action: welcome}", "no arm is plain"),
    (HERO, "{action: weekly_specials}", "{action: weekly_specials, is_plain: true}", "'welcome' is plain already"),
    (HERO, PLAIN, "welcome: {action: welcome, is_plain: true, is_paused: true}", "plain arm cannot be paused"),
    (HERO, "{action: weekly_specials}", "{action: weekly_special}", "did you mean 'weekly_specials'"),
    (HERO, "  specials: {", "  holdout: {", "arms.holdout: 'holdout' names those outside of all arms"),
    (HERO, "placement: home_hero", "placement: home", "'home' is unknown"),
    (HERO, "traffic: 0.5", "traffic: 1.5", "less than or equal to 1 (got 1.5)"),
    (HERO, "traffic: 0.5", "traffic: 50%", "10 % is 0.10"),
    (HERO, "traffic: 0.5", "trafic: 0.5", "did you mean 'traffic'"),
    (HERO, "kind: ab", "kind: a/b", "'multivariate'"),
    (HERO, "unit: person", "unit: visitor", "'session'"),
    (HERO, "primary: incremental_profit", "primary: happiness", "metric 'happiness' does not exist"),
    (HERO, "metric: return_rate", "metric: return_rates", "did you mean 'return_rate'"),
    (HERO, "harm: -0.02}\n    - {metric: return", "harm: 0.02}\n    - {metric: return", "less than 0 (got 0.02)"),
    (HERO, "share: 0.25", "share: 0.05", "0.05 must be above the step before (0.05)"),
    (HERO, "share: 1.0", "share: 0.5", "0.5 leaves the ramp short of the whole traffic; the last step has share 1"),
    (HERO, "name: hero_specials", "name: hero", "must equal the file's name 'hero_specials'"),
    (HERO, "status: draft", "status: draft\nstarts_at: 2018-01-05", "with its time zone: 2018-01-31T18:00:00+01:00"),
    (HERO, "status: draft", "status: draft\nstarts_at: 2018-03-25T02:30:00", "with its time zone"),
    (HERO, "status: draft", "status: draft\nstarts_at: 2018-02-01T00:00:00Z\nends_at: 2018-01-01T00:00:00Z",
     "must lie after starts_at"),
    (HERO, "status: draft", "status: on", "'paused' or 'stopped' (got True)"),
    (HERO, "status: draft", "status: draft\ncanary: {share: 0.05, arms: {special: 1}}", "did you mean 'specials'"),
    (HERO, "owner: merchandising\n", "", "owner: Field required"),
    (GALLERY, "levels: {detail: early, people: early}", "levels: {detail: early, people: late}",
     "has the levels of 'detail'"),
    (GALLERY, "levels: {detail: early, people: early}", "levels: {detail: early}", "no level of people"),
    (GALLERY, "  both: {action: details_then_worn, levels: {detail: early, people: early}}\n", "",
     "no arm has {detail: early, people: early}"),
    (GALLERY, "kind: multivariate", "kind: ab", "levels belong to kind multivariate"),
    (GALLERY, "layer: product_page", "salt: hero_specials", "their draws would be the same"),
]  # fmt: skip


@pytest.fixture(scope="module")
def placements() -> list[Placement]:
    return load_placements(sample.CONFIG / "placements")


@pytest.mark.parametrize(("name", "stands", "written", "told"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_mends_it(
    tmp_path: Path, placements: list[Placement], name: str, stands: str, written: str, told: str
) -> None:
    folder = tmp_path / "experiments"
    shutil.copytree(sample.CONFIG / "experiments", folder)
    text = (folder / name).read_text()
    assert stands in text
    (folder / name).write_text(text.replace(stands, written, 1))
    with pytest.raises(ConfigError) as caught:
        load_experiments(folder, placements)
    mistake = next((one for one in caught.value.mistakes if told in one), str(caught.value))
    assert told in mistake
    assert mistake.startswith(f"{folder}/{name}:")
    assert int(mistake.split(":")[1]) > 0


def test_the_examples_are_right_and_no_folder_or_an_empty_one_is_no_mistake(
    tmp_path: Path, placements: list[Placement]
) -> None:
    names = {one.name for one in load_content(sample.CONFIG).experiments}
    assert {"hero_specials", "checkout_help", "gallery_order"} <= names
    assert load_experiments(tmp_path / "none", placements) == []
    (tmp_path / "empty").mkdir()
    assert load_experiments(tmp_path / "empty", placements) == []


def together(tmp_path: Path, placements: list[Placement], *changes: dict[str, Any]) -> list[Experiment]:
    """Several running copies of the example."""
    base = yaml.safe_load((sample.CONFIG / "experiments" / HERO).read_text()) | {"status": "running"}
    for change in changes:
        (tmp_path / f"{change['name']}.yml").write_text(yaml.safe_dump(base | change))
    return load_experiments(tmp_path, placements)


def test_running_experiments_are_held_against_each_other(tmp_path: Path, placements: list[Placement]) -> None:
    assert len(together(tmp_path, placements, {"name": "a"}, {"name": "b"})) == 2
    with pytest.raises(ConfigError, match=r"a 0.5, b 0.5 hold 1; allowed: at most 0"):
        together(tmp_path, placements, {"name": "c", "traffic": 0.1})
    (tmp_path / "c.yml").unlink()
    with pytest.raises(ConfigError, match="experiments on one placement share a layer"):
        together(tmp_path, placements, {"name": "c", "layer": "other"})
    with pytest.raises(ConfigError, match="experiments of one layer have one unit"):
        together(tmp_path, placements, {"name": "b", "unit": "session"}, {"name": "c", "status": "draft"})
    with pytest.raises(ConfigError, match="'a' is the salt of 'a' too"):
        together(tmp_path, placements, {"name": "b", "salt": "a"})


def test_moments_of_a_daylight_saving_night_are_instants(tmp_path: Path, placements: list[Placement]) -> None:
    """02:30 does not exist in Berlin on that night; with an offset it is an instant all the same."""
    night = {"name": "a", "starts_at": "2018-03-25T01:59:00+01:00", "ends_at": "2018-03-25T03:01:00+02:00"}
    (one,) = together(tmp_path, placements, night)
    assert one.starts_at is not None
    assert one.ends_at is not None
    assert (one.ends_at - one.starts_at).total_seconds() == 120
    with pytest.raises(ConfigError, match="must lie after"):
        together(
            tmp_path,
            placements,
            night | {"starts_at": "2018-10-28T02:30:00+01:00", "ends_at": "2018-10-28T02:45:00+02:00"},
        )


def test_words_that_people_use_for_metrics_are_translated() -> None:
    raw = yaml.safe_load((sample.CONFIG / "experiments" / HERO).read_text())
    said = raw | {"metrics": {"primary": "margin", "secondary": ["ctr"]}, "objective": {"metric": "clicks"}}
    found = Experiment.model_validate(said)
    assert (found.metrics.primary, found.metrics.secondary) == ("incremental_profit", ["click_rate"])
    assert found.metrics.primary in METRIC_NAMES
    assert found.objective.metric == "click"
