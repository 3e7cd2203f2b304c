"""Notices: what happens is told elsewhere, each event once."""
