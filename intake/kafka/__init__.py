"""Kafka topics as a source: messages go into the lake, and only then are their offsets committed."""
