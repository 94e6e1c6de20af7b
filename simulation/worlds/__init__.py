"""Small worlds whose truth is known, to measure how much of it a learner finds."""
