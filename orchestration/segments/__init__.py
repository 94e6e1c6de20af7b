"""Segments around the model: refits, cards, ladder, groups by rule and who was where when."""
