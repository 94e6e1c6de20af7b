"""Rotation of the key behind all identifier hashes: every store is brought up to the newest key, nobody is lost."""
