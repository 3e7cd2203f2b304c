"""Viewers on the web that open a log by its link."""
