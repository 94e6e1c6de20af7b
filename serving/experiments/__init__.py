"""Experiments: their registry, who takes part, which arm is drawn, and what is remembered of it."""
