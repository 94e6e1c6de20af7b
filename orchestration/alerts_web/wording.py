"""What each kind of alert means and what an analyst looks at first, in plain language."""

from __future__ import annotations

from dataclasses import dataclass

from intake.ops_records import Alert


@dataclass(frozen=True)
class Wording:
    """A kind's name, what it means, and what to do about it."""

    name: str
    meaning: str
    advice: str


BY_KIND = {
    "silent": Wording(
        "Source is silent",
        "Nothing, or nothing new, came from this source although its weekday always brings something.",
        "Look at the supplier's job and at the landing folder. If the file comes late, the alert resolves by itself.",
    ),
    "volume_low": Wording(
        "Too few events",
        "The day has far fewer events than the same weekdays before and the level of the last days lead to expect.",
        "Part of the delivery may be missing: compare with the supplier's own count, and send the rest again.",
    ),
    "volume_high": Wording(
        "Too many events",
        "The day has far more events than the same weekdays before and the level of the last days lead to expect.",
        "A campaign, a crawler that is not recognised, or the same events under new ids: look at the mix of types.",
    ),
    "duplicates": Wording(
        "Rows repeated",
        "The same events came more than once. Each is counted once, so the figures are right.",
        "A file was delivered twice, or a client repeats what was acknowledged.",
    ),
    "clock": Wording(
        "Wrong time zone",
        "The hours of the day fit other days far better when they are turned by some hours.",
        "Check the time zone in the source's contract, and whether the supplier changed it.",
    ),
    "amounts": Wording(
        "Amounts changed",
        "The amounts are spread otherwise than on other days: another currency, cents for units, a shifted decimal.",
        "Compare a few orders with the supplier. Spend, value and price features of these days are not to be trusted.",
    ),
    "nulls": Wording(
        "Fields are empty",
        "A field that is usually filled is empty in many rows.",
        "The supplier may have renamed or dropped a column: look at the contract's columns and aliases.",
    ),
    "mix": Wording(
        "Mix of event types changed",
        "The types of events stand in other proportions than on other days.",
        "A tracker may have lost or renamed an event type: look at quarantined rows of unknown types too.",
    ),
    "categories": Wording(
        "Mix of categories changed",
        "The categories stand in other proportions than on other days.",
        "The catalogue or the mapping of categories may have changed.",
    ),
    "orphans": Wording(
        "References lead nowhere",
        "Refunds, lines or orders refer to orders or products that are not there.",
        "Another source is late or incomplete: orders for refunds, the catalogue for products.",
    ),
    "intake": Wording(
        "Intake set rows or a file aside",
        "Rows that break the contract, or a file that cannot be read, wait in quarantine; nothing is lost.",
        "Look at the reasons: concierge quarantine list. Once the contract is put right, replay them.",
    ),
    "run": Wording(
        "A run failed",
        "A step of the pipeline failed. The last good snapshot and tables stay in use.",
        "Repair what the detail names and run again; the alert resolves when the step succeeds.",
    ),
    "check": Wording(
        "A check does not hold",
        "A rule that the tables must keep is broken; where it is critical, what depends on them waits.",
        "The Data Docs page shows the rule and the rows; the alert of a suite resolves when the rule holds again.",
    ),
    "identity": Wording(
        "Recognising people",
        "Something about who is who needs an analyst: a jump of the match rate, or profiles that hold too much.",
        "concierge explain and concierge identity path show why.",
    ),
    "pause": Wording(
        "Personalizing is paused",
        "A bound of the settings (pausing) was passed, so this surface shows the plain variant to everybody.",
        "concierge pause status tells what would lift it; concierge resume lifts it. Resolving this alert does not.",
    ),
    "slo": Wording(
        "A promise is not kept",
        "A service level objective of the settings was missed.",
        "The slowest stage is named; the alert resolves when the objective is met again.",
    ),
}
OTHER = Wording("Alert", "A check found something that needs a look.", "See the detail.")


def wording(alert: Alert) -> Wording:
    """How to speak of an alert."""
    return BY_KIND.get(alert.kind) or BY_KIND.get(alert.cause.split(":", 1)[0], OTHER)
