"""Several findings about one surface and cause as one look: the worst of them, with everything that is behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from intake.pause_records import Look

_WORST_FIRST = ("breach", "between", "silent", "healthy")


@dataclass(frozen=True)
class Finding:
    """One look that others may join."""

    look: Look


def merged(findings: Iterable[Finding]) -> Iterator[Look]:
    """One look a surface and cause, in order of both; a breach tells of breaches alone."""
    groups: dict[tuple[str, str], list[Look]] = {}
    for finding in findings:
        groups.setdefault((finding.look.surface, finding.look.cause), []).append(finding.look)
    for (surface, cause), looks in sorted(groups.items()):
        worst = min((look.verdict for look in looks), key=_WORST_FIRST.index)
        same = [look for look in looks if look.verdict == worst]
        evidence: dict[str, Any] = {}
        for look in same:
            evidence |= look.evidence
        subjects = tuple(dict.fromkeys(subject for look in same for subject in look.subjects))
        yield Look(surface, cause, worst, "; ".join(look.told for look in same), evidence, subjects)
