"""Guardrails on the sample shop: they hold as shipped, and each one that is taken away is found with an example."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import yaml

from intake.clock import FixedClock
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.policy.evidence import Proof, ProofError, markdown
from orchestration.policy.fairness_rules import FairnessRules
from orchestration.policy.guarded import kind_of
from orchestration.policy.proof import Fairness, prove
from orchestration.policy.publish_config import publish_config
from serving.content import Content, load_content
from serving.edited import edited
from serving.experiments.learned import Learned
from serving.live import LiveSnapshot
from serving.placement import Placement
from serving.policy import Rule
from serving.rulebook import Compiled, Program
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import SnapshotError
from serving.variables import VARIABLES
from serving.wanted import Wanted
from tests.serving import sample

Edit = Callable[[Content], Content]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample.write(tmp_path_factory.mktemp("snapshots"))


@pytest.fixture(scope="module")
def shipped() -> Content:
    return load_content(sample.CONFIG)


def proof_of(folder: Path, content: Content, fairness: Fairness | None = None) -> Proof:
    with closing(edited(folder, content)) as live:
        return prove(live, fairness or Fairness(), sample.NOW)


def without(content: Content, *rules: str) -> Content:
    policies = [
        policy.model_copy(update={"rules": [rule for rule in policy.rules if rule.name not in rules]})
        for policy in content.policies
    ]
    return replace(content, policies=policies)


def with_placement(content: Content, name: str, **changes: object) -> Content:
    def changed(placement: Placement) -> Placement:
        return placement.model_copy(update=changes) if placement.name == name else placement

    return replace(content, placements=[changed(placement) for placement in content.placements])


def test_the_shipped_guardrails_hold(folder: Path, shipped: Content) -> None:
    proof = proof_of(folder, shipped)
    assert proof.breaches == []
    assert proof.evaluated["products"] == len(sample.products())
    assert proof.checked_live["undecided_in_the_evening"] == ["device_type", "hour", "session_product_page_seconds"]
    assert "never_below_floor" not in proof.checked_live
    assert "All guardrails hold" in markdown(proof)


# By hand: p6 2.00 -> 1.80 is below its floor 1.90; p7 2.00 -> 1.80 is below MAP 1.95; p4 and p8 are not there.
@pytest.mark.parametrize(
    ("rules", "kind", "example"),
    [
        (["never_below_floor"], "floor", "product p6: 2 becomes 1.8, floor price 1.9"),
        (["never_below_map"], "map", "product p7: 2 becomes 1.8, minimum advertised price 1.95"),
        (["no_incentive_on_missing_products"], "stock", "product p4 has 0 units on hand"),
        (["recommend_what_is_there"], "stock", "product p4 has 0 units on hand and is recommended"),
    ],
)
def test_a_missing_guardrail_is_found(
    folder: Path, shipped: Content, rules: list[str], kind: str, example: str
) -> None:
    proof = proof_of(folder, without(shipped, *rules))
    assert {breach.kind for breach in proof.breaches} == {kind}
    assert example in {breach.example for breach in proof.breaches}
    assert all("no rule keeps the" in breach.rule for breach in proof.breaches)


def test_a_price_agreed_with_other_channels_is_kept_or_named(tmp_path: Path, shipped: Content) -> None:
    # By hand: a tenth off 10.00 is 9.00, and 9.50 was agreed on.
    products = [
        msgspec.structs.replace(product, parity_price=9.5 if product.product_id == "p1" else None)
        for product in sample.products()
    ]
    folder = sample.write(tmp_path, products=products)
    assert proof_of(folder, shipped).holds
    breaches = proof_of(folder, without(shipped, "never_below_parity")).breaches
    assert {breach.kind for breach in breaches} == {"parity"}
    assert ("checkout_incentive", "ten_percent_off", "product p1: 10 becomes 9, parity price 9.5") in {
        (breach.placement, breach.action, breach.example) for breach in breaches
    }


def with_rule(content: Content, name: str, **changes: object) -> Content:
    policies = [
        policy.model_copy(
            update={"rules": [rule.model_copy(update=changes) if rule.name == name else rule for rule in policy.rules]}
        )
        for policy in content.policies
    ]
    return replace(content, policies=policies)


def test_a_shop_that_tells_no_stock_levels_may_recommend(tmp_path: Path, shipped: Content) -> None:
    untold = with_rule(shipped, "recommend_what_is_there", when="!known_stock || stock > 0.0")
    silent = [msgspec.structs.replace(product, stock=None) for product in sample.products()]
    assert proof_of(sample.write(tmp_path / "silent", products=silent), untold).holds
    # Where some are told, the others count as missing.
    some = [msgspec.structs.replace(silent[0], stock=3.0), *silent[1:2]]
    breaches = proof_of(sample.write(tmp_path / "some", products=some), untold).breaches
    assert {breach.example for breach in breaches} == {
        f"product {some[1].product_id} has no known stock and is recommended"
    }


@pytest.mark.parametrize(
    "unless",
    ["cart_products > 3", "cart_value > 500.0", "cart_products >= 2 && cart_value < 1.0", "cart_products == 100"],
)
def test_a_guardrail_must_hold_in_larger_and_dearer_carts(folder: Path, shipped: Content, unless: str) -> None:
    proof = proof_of(folder, with_rule(shipped, "never_below_floor", when=f"products_below_floor == 0 || ({unless})"))
    assert {breach.kind for breach in proof.breaches} == {"floor"}


@pytest.mark.parametrize(
    ("expression", "kinds"),
    [
        ("ltv_amount > 50.0", 3),
        ("ltv_amount > 50.0 && ltv_amount <= 70.0 || (ltv_amount == 90.0)", 7),
        ("(ltv_amount>=-1.0)", 1),
        ("orders_91d < 50 ? true : false", 3),
        # Anything else may tell every value from the next.
        ("ltv_amount * 2.0 > 50.0", 100),
        ("ltv_amount > 50.0 * spend_91d", 100),
        ("1.0 + ltv_amount > 50.0", 100),
        ("ltv_amount > 50.0 && ltv_amount > spend_91d", 100),
        ("int(ltv_amount) / 30 > 1", 100),
    ],
)
def test_rules_tell_numbers_apart_by_what_they_compare_them_with(expression: str, kinds: int) -> None:
    rule = Rule(name="r", effect="allow", when=expression, reason="So.")
    compiled = Compiled(rule, Program(expression))
    kind = kind_of([compiled])
    answers: dict[tuple[object, ...], set[bool | None]] = {}
    for number in range(100):
        values = Wanted(VARIABLES).blank | {"ltv_amount": float(number), "orders_91d": number, "known_ltv_amount": True}
        answers.setdefault(kind(values), set()).add(compiled.program.answer(values))
    assert len(answers) == kinds
    assert all(len(told) == 1 for told in answers.values())


def test_a_guardrail_that_errs_blocks_and_so_holds(folder: Path, shipped: Content) -> None:
    assert proof_of(folder, with_rule(shipped, "never_below_map", when="products_below_map / 0 == 0")).holds


def test_a_letter_without_its_purpose_is_refused(folder: Path, shipped: Content) -> None:
    proof = proof_of(folder, with_placement(shipped, "weekly_email_offer", consent=[]))
    assert [(b.kind, b.placement) for b in proof.breaches] == [("consent", "weekly_email_offer")]
    assert "marketing_email is not among its consent" in proof.breaches[0].example


GROUPS = {"age_band": {"ann": "young", "dan": "young", "bob": "old", "eve": "old", "finn": "rare"}}


def test_groups_are_compared_and_small_ones_are_not(folder: Path, shipped: Content) -> None:
    tight = FairnessRules(groups=["age_band"], minimum_count=2, maximum_value_gap=0.01, maximum_eligibility_gap=1.0)
    proof = proof_of(folder, shipped, Fairness(tight, GROUPS))
    assert {breach.kind for breach in proof.breaches} == {"fairness"}
    assert any("mean incentive value is" in breach.example for breach in proof.breaches)
    verdicts = {(figure.group, figure.verdict) for figure in proof.groups}
    assert ("rare", "insufficient") in verdicts
    loose = tight.model_copy(update={"maximum_value_gap": 100.0})
    assert proof_of(folder, shipped, Fairness(loose, GROUPS)).holds


@pytest.fixture
def project(tmp_path: Path) -> Project:
    config = shutil.copytree(sample.CONFIG, tmp_path / "config")
    made = Project(DataPaths(tmp_path / "data"), config, Settings(), FixedClock(sample.NOW + timedelta(hours=1)))
    sample.write(made.paths.snapshots)
    pointer.switch(made.paths.snapshots, "v1")
    return made


@pytest.fixture
def reader(project: Project) -> Iterator[Callable[[], LiveSnapshot]]:
    opened: list[LiveSnapshot] = []

    def read() -> LiveSnapshot:
        version = pointer.current(project.paths.snapshots)
        opened.append(LiveSnapshot(SnapshotReader(project.paths.snapshots / str(version))))
        return opened[-1]

    yield read
    for live in opened:
        live.close()


def edit(project: Project, rule: str, **changes: object) -> None:
    file = project.config / "policies" / "pricing.yml"
    content = yaml.safe_load(file.read_text())
    for item in content["rules"]:
        if item["name"] == rule:
            item.update(changes)
    file.write_text(yaml.safe_dump(content))


def test_an_edit_goes_live_and_everything_else_stays(project: Project, reader: Callable[[], LiveSnapshot]) -> None:
    edit(project, "small_carts_ship_at_cost", when="!known_cart_value || cart_value < 25.0")
    done = publish_config(project, "ann")
    assert (done.before, done.version) == ("v1", "v1-2")
    live = reader()
    assert live.version == "v1-2"
    assert [live.reader.profile(p.customer_id) for p in sample.profiles()] == sample.profiles()
    assert [live.reader.product(p.product_id) for p in sample.products()] == sample.products()
    rules = {rule.name: rule.when for policy in live.reader.policies for rule in policy.rules}
    assert rules["small_carts_ship_at_cost"].endswith("25.0")


def test_a_breach_leaves_what_was_live(project: Project) -> None:
    edit(project, "never_below_map", when="true")
    with pytest.raises(ProofError, match=r"not published, guardrails do not hold: map: checkout_incentive/ten_percent"):
        publish_config(project, "ann")
    assert pointer.current(project.paths.snapshots) == "v1"
    assert [path.name for path in project.paths.snapshots.iterdir() if path.is_dir() and not path.is_symlink()] == [
        "v1"
    ]


@pytest.mark.parametrize(("step", "found"), [("fairness_of", Fairness()), ("learned_now", Learned())])
def test_a_version_that_goes_live_meanwhile_stays_live(
    project: Project, monkeypatch: pytest.MonkeyPatch, step: str, found: object
) -> None:
    def meanwhile(project: Project, *_: object) -> object:
        sample.write(project.paths.snapshots, "v9")
        pointer.switch(project.paths.snapshots, "v9")
        return found

    monkeypatch.setattr(f"orchestration.policy.publish_config.{step}", meanwhile)
    with pytest.raises(SnapshotError, match="v9 went live while v1-2 was made from v1; publish again"):
        publish_config(project, "ann")
    assert pointer.current(project.paths.snapshots) == "v9"
    assert not (project.paths.snapshots / "v1-2").exists()
