"""What was promised (service level objectives), measured in each run."""
