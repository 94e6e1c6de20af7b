"""What a shop's landed data allows, and what it rules out for now."""
