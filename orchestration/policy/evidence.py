"""What a proof says: breaches with rule and example, what was evaluated, and what is left to each request."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["floor", "map", "parity", "stock", "consent", "sensitive", "fairness", "error"]


class Breach(msgspec.Struct, frozen=True):
    """One guardrail that does not hold. `rule` is the rule that lets it pass, or that errs; `example` one case of it,
    `cases` how many different ones there are."""

    kind: Kind
    placement: str
    action: str
    rule: str
    example: str
    cases: int = 1

    def sentence(self) -> str:
        """One line for people."""
        more = f" (and {self.cases - 1} more such cases)" if self.cases > 1 else ""
        return f"{self.kind}: {self.placement}/{self.action}: {self.rule}: {self.example}{more}"


class GroupFigure(msgspec.Struct, frozen=True):
    """One group of one sensitive attribute at one placement; `verdict` is ok, breach or insufficient."""

    attribute: str
    group: str
    placement: str
    people: int
    mean_value: float
    eligible_share: float
    verdict: str


class Proof(msgspec.Struct, frozen=True):
    """Outcome of one proof. `evaluated` are the distinct tuples by guardrail, `checked_live` the rules (with their
    request variables) that every request enforces."""

    breaches: list[Breach]
    evaluated: dict[str, int]
    checked_live: dict[str, list[str]]
    groups: list[GroupFigure]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing is breached."""
        return not self.breaches


class ProofError(ValueError):
    """Guardrails do not hold, so nothing was published."""

    def __init__(self, proof: Proof) -> None:
        told = "; ".join(breach.sentence() for breach in proof.breaches[:3])
        more = f"; and {len(proof.breaches) - 3} more" if len(proof.breaches) > 3 else ""
        super().__init__(f"not published, guardrails do not hold: {told}{more}")
        self.proof = proof


def markdown(proof: Proof) -> str:
    """The report as markdown."""
    lines = [
        f"**{'All guardrails hold' if proof.holds else f'{len(proof.breaches)} breaches'}** ({proof.seconds:.1f} s)"
    ]
    lines += [f"- {breach.sentence()}" for breach in proof.breaches]
    lines += ["", "| guardrail | distinct tuples evaluated |", "|---|---|"]
    lines += [f"| {name} | {count} |" for name, count in sorted(proof.evaluated.items())]
    lines += ["", "| checked live | reads |", "|---|---|"]
    lines += [f"| {name} | {', '.join(names)} |" for name, names in sorted(proof.checked_live.items())]
    if proof.groups:
        lines += [
            "",
            "| attribute | group | placement | people | mean incentive | eligible | verdict |",
            "|---" * 7 + "|",
        ]
        lines += [
            f"| {g.attribute} | {g.group} | {g.placement} | {g.people} | {g.mean_value:.3f} | {g.eligible_share:.3f} "
            f"| {g.verdict} |"
            for g in proof.groups
        ]
    return "\n".join(lines)
