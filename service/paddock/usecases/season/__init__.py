"""The season as one table: SQL over all recordings."""
