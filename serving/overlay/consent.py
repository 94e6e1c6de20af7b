"""Words of consent since the snapshot, laid over what the snapshot knows: the most restrictive counts."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from serving.overlay.words import Word
from serving.person import Person

# Nobody is profiled who is not recorded.
_ON_ANALYTICS = frozenset({"personalization", "profiling_price"})


def with_words(person: Person, words: Sequence[Word]) -> Person:
    """The person with what was said since the snapshot.

    A refusal takes a purpose away at once. A yes gives one back only when nobody refuses it any more: each refusal
    that the batch knows must be of an identifier that has said yes since, by the time the words were given.
    """
    if not words:
        return person
    refused = frozenset(word.purpose for word in words if not word.granted)
    if "analytics" in refused:
        refused |= _ON_ANALYTICS
    agreed = {word.purpose for word in words if word.granted} - refused - person.granted
    lifted = {purpose for purpose in agreed if _is_lifted(person, purpose, words)}
    if person.known and "analytics" not in (person.granted - refused) | lifted:
        # Where they live nobody is recorded without a yes, and it has not come.
        lifted -= _ON_ANALYTICS
    return replace(person, granted=(person.granted - refused) | lifted, refused=refused)


def _is_lifted(person: Person, purpose: str, words: Sequence[Word]) -> bool:
    needed = (purpose, "analytics") if purpose in _ON_ANALYTICS else (purpose,)
    said = {(word.purpose, word.owner): word.at_us for word in words if word.granted}
    return all(said.get((name, owner), -1) > at_us for name in needed for owner, at_us in person.refusals.get(name, ()))


def standing(refusals: Sequence[Word], words: Sequence[Word]) -> list[Word]:
    """Refusals that the batch knows, less those whose identifier has said yes since."""
    if not refusals:
        return []
    said = {(word.purpose, word.owner): word.at_us for word in words if word.granted}
    return [word for word in refusals if said.get((word.purpose, word.owner), -1) <= word.at_us]


def refused_at(words: Sequence[Word], purpose: str, at_us: int) -> bool:
    """Whether what happened at this moment happened after somebody had refused the purpose."""
    return any(word.purpose == purpose and not word.granted and word.at_us <= at_us for word in words)
