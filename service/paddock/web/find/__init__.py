"""Finding recordings: the list, its filters, and what completes a name."""
