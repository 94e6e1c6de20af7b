"""Candidates on logged traffic: what they would have earned, before a customer sees them."""
