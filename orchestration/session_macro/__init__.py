"""SQL of the session features, generated from the specification that the live service folds events by."""
