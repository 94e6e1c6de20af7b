"""What is answered: snapshots, decisions, policies and the HTTP service."""
