"""Mistakes as people make them in placement and policy files, and the words that mend each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from serving.content import load_content
from serving.policy import load_policies
from serving.yaml_file import ConfigError
from tests.serving import sample

POLICIES, PLACEMENTS = "policies/pricing.yml", "placements/checkout_incentive.yml"
SEGMENT = "segments/valuable_and_leaving.yml"
WHEN = 'when: "!known_cart_value || cart_value < 15.0"'
COST = "cost: 4.95"
# Each of seven lists holds the one before ten times.
LAUGHS = "l0: &l0 [x], " + ", ".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 8))
# file, what stands there, what somebody wrote instead, what they are told
MISTAKES = [
    (POLICIES, WHEN, "when: cart_value < 15", "numbers with a point with 3.0"),
    (POLICIES, WHEN, "when: cart_value = 15.0", "write == to compare"),
    (POLICIES, WHEN, "when: cart_value < 15.0 and hour > 3", "write && for and"),
    (POLICIES, WHEN, "when: cart_value < 15.0 AND hour > 3", "write && for and"),
    (POLICIES, WHEN, "when: not known_cart_value", "! for not"),
    (POLICIES, WHEN, "when: device_type == mobile", 'a text stands in quotes: "mobile"'),
    (POLICIES, WHEN, "when: device_type == “mobile”", 'write straight quotes: "mobile"'),
    (POLICIES, WHEN, "when: device_type in \"mobile\"", "square brackets"),
    (POLICIES, WHEN, "when: rule_segments == \"gone\"", 'ask a list for one of its texts: "valuable_and_leaving" in'),
    (POLICIES, WHEN, "when: '\"valuable_and_leaves\" in rule_segments'",
     "'valuable_and_leaves'; did you mean 'valuable_and_leaving'?; allowed: valuable_and_leaving"),
    (PLACEMENTS, "strategy: decision_table",
     "strategy: hybrid\nhybrid: {model: decision_table, rules_share: 0.6, rules_first: '\"gone\" in rule_segments'}",
     "hybrid.rules_first: unknown segment by rule 'gone'; allowed: valuable_and_leaving"),
    (POLICIES, WHEN, "when: 8 < hour < 18", "write both comparisons"),
    (POLICIES, WHEN, "when: hour > \"8\"", "the left is a whole number, the right is a text"),
    (POLICIES, WHEN, "when: cart_vlaue < 15.0", "did you mean 'cart_value'"),
    (POLICIES, WHEN, "when: Cart_Value < 15.0", "did you mean 'cart_value'"),
    (POLICIES, WHEN, "when: hour", "answers INT; allowed: bool"),
    (POLICIES, WHEN, "when: price_cut_share > 10%", "10 % is 0.10"),
    (POLICIES, WHEN, "when: (cart_value < 15.0", "a bracket is opened and not closed"),
    (POLICIES, WHEN, "when: cart_value <> 15.0", "write != for unequal"),
    (POLICIES, WHEN, "when: cart_value < 15.0 & hour > 3", "write && for and"),
    (POLICIES, WHEN, "when: income > 3", "names the sensitive attribute 'income'"),
    (POLICIES, WHEN, "when: answer_colour == \"red\"", "no action asks the question 'colour'"),
    (POLICIES, WHEN, "when: !known_cart_value", 'stands in quotes: when: "!known_hour"'),
    (POLICIES, WHEN, "when: hour > 3 ? known_stock : true", "stands in quotes"),
    (POLICIES, "effect: block", "effect: blok", "did you mean 'block'"),
    (POLICIES, "effect: block", "efect: block", "did you mean 'effect'"),
    (POLICIES, "priority: 200", "priority: high", "write a whole number"),
    (POLICIES, "priority: 200", "priority: 2000", "less than or equal to 1000 (got 2000)"),
    (POLICIES, "placements: [checkout_incentive, incentive_that_pays]\n    actions",
     "placements: checkout_incentive\n    actions",
     "write a list: [checkout_incentive]"),
    (POLICIES, "actions: [free_shipping]", "actions: [free_shiping]", "did you mean 'free_shipping'"),
    (POLICIES, "    priority: 200", "\tpriority: 200", "never with tabs"),
    (POLICIES, "    priority: 200", "   priority: 200", "same column as its neighbours"),
    (POLICIES, "name: pricing", "name: prices", "must equal the file's name 'pricing'"),
    (POLICIES, "    priority: 200", "    priority: 200\n    priority: 300", "is there twice (lines"),
    (PLACEMENTS, COST, "cost: 4,95", "write a number with a point and without a currency: 4.95"),
    (PLACEMENTS, COST, "cost: -4.95", "greater than or equal to 0"),
    (PLACEMENTS, "value: 0.10}", "value: 10}", "must be a share above 0 and at most 1"),
    (PLACEMENTS, "value: 0.10}", "value: 10%}", "10 % is 0.10"),
    (PLACEMENTS, COST, f"{COST}\n    starts_at: 2018-01-01", "with its time zone: 2018-01-31T18:00:00+01:00"),
    (PLACEMENTS, COST, f"{COST}\n    starts_at: 2018-02-01T00:00:00Z\n    ends_at: 2018-01-01T00:00:00Z",
     "must lie after starts_at"),
    (PLACEMENTS, "plain: none", "plain: nothing", "'nothing' is not an action; allowed: none, free_shipping"),
    (PLACEMENTS, "name: free_shipping", "name: Free Shipping", "a name has small letters, digits and _"),
    (PLACEMENTS, "strategy: decision_table", "strategy: hybrid", "hybrid needs the field hybrid"),
    (PLACEMENTS, "strategy: decision_table", "strategy: bandit", "Input should be 'rules', 'decision_table'"),
    (PLACEMENTS, "owner: pricing\n", "", "owner: Field required"),
    (PLACEMENTS, "owner: pricing", "owner: no", "put the word in quotes"),
    (PLACEMENTS, "name: free_shipping\n    type: incentive", "name: free_shipping\n    type: question",
     "type question and `ask` belong together"),
    (PLACEMENTS, "message: Ten percent off this cart.", "message: Ten, five? or {more} off", "in quotes"),
    (POLICIES, WHEN, "when: stock > 0.0", "stock has no value here; add target: product"),
    (POLICIES, WHEN, "when: hour / 0 == 1", "divides by 0"),
    (POLICIES, WHEN, 'when: top_category.matches("(")', "missing ): (; allowed: RE2"),
    (POLICIES, WHEN, 'when: top_category.contain("x")', "unknown function 'contain'; did you mean 'contains'"),
    (POLICIES, WHEN, "when: len(top_category) > 3", "did you mean 'size'"),
    (POLICIES, WHEN, "when: top_category == null", "ask known_…"),
    (POLICIES, WHEN, "when: has(top_category)", "write known_top_category"),
    (POLICIES, WHEN, r'when: top_category == "\x57INE"', "taste for the sensitive category"),
    (POLICIES, WHEN, 'when: zero_party_answers.contains("religion")', "sensitive attribute 'religion'"),
    (PLACEMENTS, "strategy: decision_table",
     "strategy: hybrid\nhybrid: {model: decision_table, rules_share: 0.6, rules_first: 'action_cost > 1.0'}",
     "hybrid.rules_first: action_cost has no value here"),
    (PLACEMENTS, "fallback: none", "fallback: non", "12: fallback: 'non' is not an action"),
    (PLACEMENTS, "code: SHIPFREE", "code: NO", "actions.1.content.code: NO is a truth value in YAML"),
    (PLACEMENTS, "code: SHIPFREE", "code: 0123", "0123 is read as the number 83; put it in quotes"),
    (PLACEMENTS, "code: SHIPFREE", "code: 20:30", "20:30 is read as the number 1230"),
    (PLACEMENTS, "code: SHIPFREE", "code: 9007199254740993", "larger than a page can read"),
    (PLACEMENTS, "code: SHIPFREE", "code: .nan", "no number that a page can read"),
    (PLACEMENTS, "code: SHIPFREE", 'code: "\\ud83c"', "half of a letter"),
    (PLACEMENTS, "code: SHIPFREE", "code: !!set {a, b}", "!!set is no value here"),
    (PLACEMENTS, COST, "cost: true", "true is a truth value, and this is a number"),
    (PLACEMENTS, COST, "cost: .inf", "less than or equal to 1000000 (got inf)"),
    (PLACEMENTS, COST, f"{COST}\n    starts_at: 20180101", "20180101 is a number, and this is a moment"),
    (PLACEMENTS, COST, f"{COST}\n    starts_at: 2018-02-30T10:00:00Z",
     "26: actions.1.starts_at: day is out of range for month (got '2018-02-30T10:00:00Z')"),
    (PLACEMENTS, COST, f"{COST}\n    channels: [email]", "'email' is no channel of the placement; allowed: web, app"),
    (PLACEMENTS, COST, f"{COST}\n    tags: {{Category: DELI}}", "did you mean 'category'"),
    (PLACEMENTS, "value: 0.10}", "value: 0}", "above 0 and at most 1"),
    (PLACEMENTS, "kind: percent_off, value: 0.10}", "kind: amount_off}", "takes nothing off"),
    (PLACEMENTS, "name: free_shipping\n    type: incentive", "name: free_shipping\n    type: question\n"
     "    ask: {question: religion, answers: [a, b], when: hour > 3}", "asks for the sensitive attribute 'religion'"),
    (PLACEMENTS, "name: free_shipping\n    type: incentive", "name: free_shipping\n    type: question\n"
     "    ask: {question: colour, answers: [a, a], when: hour > 3}", "'a' is there more than once"),
    (PLACEMENTS, "content: {message: null}", "content: &it {again: *it}", "an anchor contains itself"),
    (PLACEMENTS, "content: {message: null}", f"content: {{deep: {'[' * 3000}{']' * 3000}}}", "nested more than 100"),
    (PLACEMENTS, "content: {message: null}", f"content: {{{LAUGHS}}}", "stands for more than 1,000,000 values"),
]  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for name in (POLICIES, PLACEMENTS, SEGMENT):
        (tmp_path / name).parent.mkdir()
        shutil.copy(sample.CONFIG / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(("file", "right", "wrong", "told"), MISTAKES)
def test_what_would_mend_it(config: Path, file: str, right: str, wrong: str, told: str) -> None:
    path = config / file
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(ConfigError) as caught:
        load_content(config)
    (mistake,) = {one for one in caught.value.mistakes if told in one} or [
        f"not told {told!r}: {caught.value.mistakes}"
    ]
    assert told in mistake
    assert mistake.startswith(f"{path}:")
    assert int(mistake.removeprefix(f"{path}:").partition(":")[0]) > 0


def test_every_mistake_of_every_file_at_once(config: Path) -> None:
    for file, right, wrong in (
        (POLICIES, WHEN, "when: cart_vlaue < 15.0"),
        (POLICIES, "effect: block", "effect: blok"),
        (PLACEMENTS, COST, "cost: 4,95"),
        (PLACEMENTS, "owner: pricing", "owner: no"),
    ):
        path = config / file
        path.write_text(path.read_text().replace(right, wrong, 1))
    (config / "policies" / "late.yaml").write_text("name: late\n")
    (config / "policies" / "empty.yml").write_text("")
    with pytest.raises(ConfigError) as caught:
        load_content(config)
    told = "\n".join(caught.value.mistakes)
    for words in ("did you mean 'block'", "4.95", "in quotes", "ends in '.yaml'", "the file is empty; needed: name"):
        assert words in told


@pytest.mark.parametrize(
    ("raw", "told"), [(b"a: b\nname: \xff\n", "yml:2: .*not UTF-8 at byte 11"), (b"- a\n- b\n", "one a line")]
)
def test_files_that_are_no_text_or_no_mapping(config: Path, raw: bytes, told: str) -> None:
    (config / "policies" / "pricing.yml").write_bytes(raw)
    with pytest.raises(ConfigError, match=told):
        load_content(config)


def test_what_a_rule_says_itself_goes_before_what_it_merges_and_hidden_files_are_nobodys(config: Path) -> None:
    path = config / POLICIES
    path.write_text(
        path.read_text().replace("- name: never_below_map", "- <<: {priority: 5}\n    name: never_below_map")
    )
    (config / "policies" / "._pricing.yml").write_bytes(b"\x00\x05\x16\x07")
    (config / "policies" / ".#pricing.yml").symlink_to("nobody@nowhere")
    (policy,) = load_policies(config / "policies")
    assert {rule.name: rule.priority for rule in policy.rules}["never_below_map"] == 280
