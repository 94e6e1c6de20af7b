"""Incentives: what was known before each randomised offer, and the rows of today's customers."""
