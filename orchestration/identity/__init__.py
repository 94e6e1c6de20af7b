"""Between the warehouse and the identity ledger: evidence in, rows that changed out."""
