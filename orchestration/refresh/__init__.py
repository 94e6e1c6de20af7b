"""Which customers an hourly run has to look at again: those of rebuilt days that came out differently, and of changes
in the ledger."""
