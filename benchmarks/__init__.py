"""What Concierge costs: scripts that print ratios against a reference of the same run."""
