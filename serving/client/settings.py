"""What both clients are told when they are made."""

from __future__ import annotations

from dataclasses import dataclass

from serving.client.answers import ServiceRefusalError
from serving.client.fallback import Fallback

LINES = "application/x-ndjson"


@dataclass(frozen=True)
class ClientSettings:
    """Key, attempts and fallback.

    Raises:
        ValueError: no attempt at all.
    """

    api_key: str | None
    attempts: int
    fallback: Fallback | None

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts: {self.attempts} is below 1")

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        return {"authorization": f"Bearer {self.api_key}"} if self.api_key else {}

    def may_help(self, error: Exception) -> bool:
        """Whether sending the request again may help."""
        return not isinstance(error, ServiceRefusalError) or error.is_passing
