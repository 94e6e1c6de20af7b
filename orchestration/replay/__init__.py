"""Replay of logged decisions: where their snapshots are, and what is kept of those that go."""
