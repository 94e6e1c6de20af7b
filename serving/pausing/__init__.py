"""What a running service sees of itself that should stop it from personalizing: judged every tick, by every worker."""
