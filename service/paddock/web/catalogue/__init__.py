"""The team's signal catalogue."""
