"""From what was shown to what came of it, hour by hour, and from there to the probability of each arm."""
