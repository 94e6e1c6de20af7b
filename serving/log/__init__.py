"""The service's own log: JSON-lines segments that intake reads back as a source."""
