"""The rungs of an answer: which step of the ladder it came from."""

from __future__ import annotations

from enum import StrEnum


class Rung(StrEnum):
    """Every answer names exactly one of these."""

    NO_CONSENT = "no_consent"
    PAUSED = "paused"
    RULE = "rule"
    SEGMENT = "segment"
    EXPLORED = "explored"
    EXPERIMENT = "experiment"
    EVERYONE = "everyone"
    ADVISED = "advised"
    DECLARED = "declared"
    RECOMMENDATION = "recommendation"
    POPULAR = "popular"
    FALLBACK = "fallback"
    PLAIN = "plain"
    LATE = "late"


DESCRIPTIONS: dict[Rung, str] = {
    Rung.NO_CONSENT: "a purpose the placement needs is not granted: its no-consent action, else its plain one",
    Rung.PAUSED: "the kill switch is on for this placement or for all: the plain action",
    Rung.RULE: "a force rule of a policy chose the action",
    Rung.SEGMENT: "best permitted action of the person's segment in the decision table",
    Rung.EXPLORED: "drawn at random among the permitted actions beside the best one, so that models go on learning",
    Rung.EXPERIMENT: "drawn by share among the permitted arms of an experiment",
    Rung.EVERYONE: "a known person whose segment has no usable row: best permitted action for everyone",
    Rung.ADVISED: "what the uplift model advises for this person: an incentive expected to earn its cost, or none",
    Rung.DECLARED: "nothing has been measured here yet: the permitted action with the highest declared margin effect",
    Rung.RECOMMENDATION: "products chosen for this person or for the product in view",
    Rung.POPULAR: "the precomputed popular choice: an unknown person, or no list of the person's own",
    Rung.FALLBACK: "the strategy had no permitted answer: the placement's fallback",
    Rung.PLAIN: "no fallback was permitted, or the holdout or a blocked arm of an experiment: the plain action",
    Rung.LATE: "past the deadline, or too many were waiting: the answer prepared for everybody",
}

REASONS: dict[Rung, str] = {
    Rung.NO_CONSENT: "You have not agreed to this, so you see what everybody sees.",
    Rung.PAUSED: "Personalization is paused at the moment, so you see what everybody sees.",
    Rung.SEGMENT: "Shoppers like you often choose this.",
    Rung.EXPLORED: "We are trying out what shoppers like you enjoy.",
    Rung.EXPERIMENT: "We are trying out what helps.",
    Rung.EVERYONE: "Popular with our customers.",
    Rung.POPULAR: "Popular with our customers.",
    Rung.FALLBACK: "Our suggestion of the moment.",
    Rung.PLAIN: "Everybody sees this one.",
    Rung.LATE: "Everybody sees this one.",
}
"""Sentences for the customer where neither the rule nor the action brings one of its own."""
