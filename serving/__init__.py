"""What is answered: snapshot, placements, policies, decisions, the service log and the HTTP service."""
