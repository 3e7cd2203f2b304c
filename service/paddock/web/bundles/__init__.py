"""Several recordings taken away at once."""
