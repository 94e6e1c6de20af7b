"""Session features: one specification, read by the live service and turned into SQL for the batch."""
