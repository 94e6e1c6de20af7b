"""What runs when: assets, checks, schedules and the command line."""
