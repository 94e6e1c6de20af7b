"""Logged decisions made again: from what they read, with the same bytes as a result."""
