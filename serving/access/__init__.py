"""Who may ask what, and how often: keys, their scopes and their limits."""
