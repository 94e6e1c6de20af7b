"""First drafts of source contracts, guessed from a sample file."""
