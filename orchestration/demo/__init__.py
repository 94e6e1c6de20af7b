"""The demo: the whole path on the embedded data set, and a summary that says what is real."""
