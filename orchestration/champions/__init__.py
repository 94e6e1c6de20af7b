"""Champion and challenger: which trained version of each model serves, and how that is decided and shown."""
