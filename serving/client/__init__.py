"""Python clients of the lookup service: `Concierge` waits for each answer, `AsyncConcierge` does not."""

from serving.client.answers import ServiceRefusalError
from serving.client.asynchronous import AsyncConcierge
from serving.client.calls import BatchResult
from serving.client.synchronous import Concierge

__all__ = ["AsyncConcierge", "BatchResult", "Concierge", "ServiceRefusalError"]
