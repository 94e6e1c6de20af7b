"""Drift: whether today's shop looks like the one the models learned from, and what is behind it where it does not."""
