"""Automatic pauses: what a run finds that should stop a surface, and how that is told."""
