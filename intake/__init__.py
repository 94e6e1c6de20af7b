"""What came in: source contracts, mapping, hashing, lake, quarantine and the operational store."""
