"""Notices: new alerts as one digest a receiver, off unless the settings name receivers."""
