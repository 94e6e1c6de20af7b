"""The command line `concierge`: one file a command group, heavy imports inside the commands."""
