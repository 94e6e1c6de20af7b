"""People who have said nothing: what the regime of the place they ask from allows with them."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from intake.config_file import ConfigFileError
from intake.regime import ConsentRules, load_consent_rules
from serving.overlay.words import Word
from serving.person import Person

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5
_ON_PROFILES = ("analytics", "personalization", "profiling_price")


class FollowedRules:
    """`consent.yml` of a configuration folder, read again when the file changes.

    A wrong file is logged and not used, nor is one that is gone or empty for the moment, as under an editor: the rules
    without a file, which ask nobody first, hold only where there was none at the start.

    Raises:
        ConfigFileError: the file is wrong when the service starts.
    """

    def __init__(self, config: Path) -> None:
        self._config = config
        self._seen = self._stamp()
        self._current = load_consent_rules(config)
        self._looked = time.monotonic()

    def now(self) -> ConsentRules:
        """The rules that hold; the file is looked at twice a second at most."""
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            self._follow()
        return self._current

    def _follow(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen or not stamp[1]:
            return
        self._seen = stamp
        try:
            self._current = load_consent_rules(self._config)
        except ConfigFileError as error:
            _LOG.error("the rules of consent stay as they were: %s", error)
        else:
            _LOG.warning("the rules of consent were read again")

    def _stamp(self) -> tuple[int, int]:
        try:
            status = (self._config / "consent.yml").stat()
        except OSError:
            return 0, 0
        return status.st_mtime_ns, status.st_size


def under_regime(
    person: Person, rules: ConsentRules, country: str | None, region: str | None, words: Sequence[Word]
) -> Person:
    """The person without the purposes that need a yes at this place and have none.

    Of a customer the batch has judged the silence by where they live, so only a place that the request names can take
    more away; of a stranger a request without a place is judged by the rules for everywhere else.

    Args:
        person: with the words of consent laid over.
        rules: of the project.
        country: of the request, as events write it.
        region: likewise.
        words: of these identifiers and customers since the snapshot.
    """
    if not person.unit or (person.known and not country):
        return person
    refused = person.refused | {word.purpose for word in words if not word.granted}
    said = (person.agreed | {word.purpose for word in words if word.granted}) - refused
    silent = {p for p in _ON_PROFILES if p not in said and rules.regime(p, country, region) == "opt_in"}
    if "analytics" in silent:
        silent.update(_ON_PROFILES)
    return replace(person, granted=person.granted - silent, silent=frozenset(silent)) if silent else person
