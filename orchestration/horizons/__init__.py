"""Churn and value over two horizons: the far one, and a nearer one beside it."""
