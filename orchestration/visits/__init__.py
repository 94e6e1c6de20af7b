"""Visits as they stood at moments of their course, for the models that score them live."""
