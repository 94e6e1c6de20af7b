"""A small shop to look at personalization with: pages of the published catalogue, slots that the service fills."""
