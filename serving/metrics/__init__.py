"""What the service measures of itself: counted in memory, left on disk for runs, told to Prometheus."""
