"""Erasure: a registry of stores, one pass that takes people out of all of them, a scan and a proof."""
