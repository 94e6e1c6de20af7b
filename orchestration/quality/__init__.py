"""Data quality as a whole: what is measured by source and day, what is odd about it, and what it touches."""
