"""Catalogue: what the team calls its signals, and in which units."""
